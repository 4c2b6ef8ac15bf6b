/** What to tell of anything thrown; a connection tried at several addresses fails with several errors. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describeError).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
