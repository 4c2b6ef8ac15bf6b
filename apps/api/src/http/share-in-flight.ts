/** Whoever asks while the same question is under way gets its answer, or its error: many at once are one query. */
export function shareInFlight<Value>(): (key: string, ask: () => Promise<Value>) => Promise<Value> {
  const inFlight = new Map<string, Promise<Value>>();
  return (key, ask) => {
    const known = inFlight.get(key);
    if (known) return known;
    const asked = ask().finally(() => inFlight.delete(key));
    inFlight.set(key, asked);
    return asked;
  };
}
