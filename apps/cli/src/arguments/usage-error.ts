/** What was asked for cannot be done as asked: exit code 2, nothing was started. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
