import { createFailure, type Failure, type FailureCode, FailureError } from '@nightshift/domain';

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
    if (thrown.failure.code === 'storage_unavailable') {
      return createFailure('unavailable', 'The database did not answer in time. Try again.', { retryAfterMs: 1_000 });
    }
    return thrown.failure;
  }
  // Express could not decode the path: there is nothing at such an address.
  if (thrown instanceof URIError) return createFailure('not_found', 'There is no such resource.');
  return createFailure('internal', 'The request could not be handled. Quote the request id when you report this.');
}
