import type { Failure, RetryStopped } from '@nightshift/domain';

/** Trying again has ended: why, after how many tries, and the failure of the last one. `cause` is what it threw. */
export class RetryStoppedError extends Error {
  override readonly name = 'RetryStoppedError';
  readonly why: RetryStopped;
  readonly attempts: number;
  readonly failure: Failure;

  constructor(options: { why: RetryStopped; attempts: number; failure: Failure; cause: unknown }) {
    super(`stopped after ${options.attempts} tries (${options.why}): ${options.failure.message}`, {
      cause: options.cause,
    });
    this.why = options.why;
    this.attempts = options.attempts;
    this.failure = options.failure;
  }
}
