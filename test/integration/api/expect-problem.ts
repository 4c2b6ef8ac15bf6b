import { expect } from 'vitest';
import { problemSchema } from '../../../apps/api/src/schemas/problem.ts';

/** Checks that the answer is a problem (RFC 9457) with this status, and returns it. */
export async function expectProblem(response: Response, status: number, part: object = {}) {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = problemSchema.parse(await response.json());
  expect(problem).toMatchObject({ status, request_id: response.headers.get('x-request-id'), ...part });
  return problem;
}
