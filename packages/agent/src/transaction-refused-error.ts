/** Postgres refuses for good what a tool wrote in the transaction of its call: nothing of it was written. */
export class TransactionRefusedError extends Error {
  override readonly name = 'TransactionRefusedError';
}
