/**
 * What happens at a point that is reached: undefined or a resolved promise goes on; a rejection is what the caller gets. `toLoss`
 * makes the error that the vendor's client throws there when its connection breaks.
 */
export type FailpointHandler = (point: string, toLoss: () => Error) => Promise<void> | undefined;

/** One for the process: points lie inside the calls to vendors, where nothing else of the laboratory should have to go. */
let handler: FailpointHandler | undefined;

/** Makes every point of this process do something; undefined makes them do nothing again. For the fault laboratory only. */
export function setFailpoints(next: FailpointHandler | undefined): void {
  handler = next;
}

/** A point between two moments. Costs one look at a variable while nobody has set anything. */
export function reachFailpoint(point: string, toLoss: () => Error): Promise<void> | undefined {
  return handler === undefined ? undefined : handler(point, toLoss);
}

/**
 * Makes a call with a point before it, where nothing was sent, and one after it, where all is done and only the reply can be
 * lost: `<name>.before`, `<name>.after`. The call of a vendor's client, and nothing else, belongs in here.
 */
export async function callWithFailpoints<T>(name: string, call: () => Promise<T>, toLoss: () => Error): Promise<T> {
  if (handler === undefined) return call();
  await handler(`${name}.before`, toLoss);
  const result = await call();
  await handler?.(`${name}.after`, toLoss);
  return result;
}
