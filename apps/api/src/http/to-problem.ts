import { FAILURE_CODES, type Failure } from '@nightshift/domain';
import type { ProblemDetail } from './refuse.ts';

/** A body of `application/problem+json` (RFC 9457) with our extensions (API.md 4). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  request_id: string;
  retryable: boolean;
  retry_after_ms?: number;
  errors?: readonly ProblemDetail[];
}

export function toProblem(
  failure: Failure,
  request: { id: string; path: string; errors?: readonly ProblemDetail[] | undefined },
): Problem {
  const row = FAILURE_CODES[failure.code];
  return {
    type: `urn:nightshift:problem:${failure.code}`,
    title: row.title,
    status: row.status,
    detail: failure.message,
    instance: request.path,
    code: failure.code,
    request_id: request.id,
    retryable: failure.retryable,
    ...(failure.retry_after_ms === undefined ? {} : { retry_after_ms: failure.retry_after_ms }),
    ...(request.errors === undefined || request.errors.length === 0 ? {} : { errors: request.errors }),
  };
}
