/** Thrown when something the code relies on does not hold: always a bug of ours, never bad input. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Fails with the given sentence unless the condition holds. The message is mandatory: it is read at 8 a.m. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Makes a switch exhaustive at compile time, and loud at run time. */
export function assertNever(value: never, what: string): never {
  throw new InvariantError(`unexpected ${what}: ${JSON.stringify(value)}`);
}

/** The value, or an InvariantError with the given sentence when it is null or undefined. */
export function must<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new InvariantError(message);
  return value;
}
