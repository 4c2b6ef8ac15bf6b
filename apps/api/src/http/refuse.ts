import { createFailure, type Failure, type FailureCode, FailureError } from '@nightshift/domain';
import { isTransient } from '@nightshift/store';

/** One thing that is wrong with a request: where, and what. */
export interface ProblemDetail {
  /** JSON pointer into the body (RFC 6901), or `?name` for a query parameter. */
  pointer: string;
  detail: string;
  code: string;
}

/** A request that is refused, with every reason that was found. */
export class RequestError extends FailureError {
  readonly errors: readonly ProblemDetail[];

  constructor(failure: Failure, errors: readonly ProblemDetail[]) {
    super(failure);
    this.errors = errors;
  }
}

/** Refuses a request: `throw refuse('invalid_request', '...', [{ pointer, detail, code }])`. */
export function refuse(code: FailureCode, message: string, errors: readonly ProblemDetail[] = []): RequestError {
  return new RequestError(createFailure(code, message), errors);
}

/** The answer to every id that is malformed, unknown or somebody else's: they cannot be told apart (I21). */
export function notFound(what: string): RequestError {
  return refuse('not_found', `There is no such ${what}.`);
}

/** Turns anything that was thrown into a failure: the single funnel. What we did not foresee says nothing of itself. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof FailureError) {
    return thrown.failure.code === 'storage_unavailable' ? unavailable() : thrown.failure;
  }
  // A connection that could not be had, or a commit whose reply was lost: not from a query, so not converted there.
  if (isTransient(thrown)) return unavailable();
  // Express could not decode the path: there is nothing at such an address.
  if (thrown instanceof URIError) return createFailure('not_found', 'There is no such resource.');
  return createFailure('internal', 'The request could not be handled. Quote the request id when you report this.');
}

/** Whether anything was written is unknown: whoever repeats the request needs an idempotency key to be sure. */
function unavailable(): Failure {
  return createFailure('unavailable', 'The database or S3 did not answer in time. Try again.', { retryAfterMs: 1_000 });
}
