import type { z } from 'zod';
import { type ProblemDetail, refuse } from './refuse.ts';
import { toPointer } from './to-pointer.ts';

/** A batch of 10,000 bad items is answered with the first of them. */
export const MAX_ERRORS = 100;
const MAX_DETAIL_LENGTH = 300;

/**
 * Validates what came from outside; nothing after this looks at it as unknown.
 * @throws RequestError invalid_request with a pointer for everything that is wrong
 */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: 'body' | 'query',
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = describeIssues(result.error.issues, where);
  const message = where === 'body' ? 'The body is not valid.' : 'The query is not valid.';
  throw refuse('invalid_request', message, errors);
}

/** What is wrong, for the client. `base` is where the value that was checked is in the body. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  where: 'body' | 'query',
  base: readonly PropertyKey[] = [],
): ProblemDetail[] {
  return issues.flatMap((issue) => toErrors({ ...issue, path: [...base, ...issue.path] }, where)).slice(0, MAX_ERRORS);
}

function toErrors(issue: z.core.$ZodIssue, where: 'body' | 'query'): ProblemDetail[] {
  const locate = (path: readonly PropertyKey[]) =>
    where === 'body' ? toPointer(path) : `?${toPointer(path).slice(1)}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MAX_ERRORS).map((key) => ({
      pointer: locate([...issue.path, key]),
      detail: where === 'body' ? 'There is no such field.' : 'There is no such parameter.',
      code: 'unknown_field',
    }));
  }
  const named = issue.code === 'custom' ? issue.params?.code : undefined;
  const code = typeof named === 'string' ? named : issue.code;
  return [{ pointer: locate(issue.path), detail: issue.message.toWellFormed().slice(0, MAX_DETAIL_LENGTH), code }];
}
