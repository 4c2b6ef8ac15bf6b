import type { Json } from '@nightshift/domain';
import type { OpenQuestion } from '@nightshift/store';
import { z } from 'zod';
import { describeIssues } from '../http/parse-with.ts';
import { type ProblemDetail, refuse } from '../http/refuse.ts';
import { toQuestion } from '../resources/to-question.ts';

export interface MatchedResponses {
  /** Answers to open questions. */
  answers: { key: string; payload: Json }[];
  /** Keys that no open question has. */
  ignored: string[];
}

/**
 * Finds the question of each answer and holds the answer against its JSON Schema, so that a wrong one costs the person a
 * 400 and not the task a turn. What a tool checks beyond that it says itself.
 * @throws RequestError invalid_request with a pointer for everything that is wrong with the answers
 */
export function matchResponses(
  responses: Readonly<Record<string, Json>>,
  questions: readonly OpenQuestion[],
): MatchedResponses {
  const open = new Map(questions.map((question) => [question.key, toQuestion(question)]));
  const matched: MatchedResponses = { answers: [], ignored: [] };
  const errors: ProblemDetail[] = [];
  for (const [key, payload] of Object.entries(responses)) {
    const question = open.get(key);
    if (!question) {
      matched.ignored.push(key);
      continue;
    }
    const checked = z.fromJSONSchema(question.schema).safeParse(payload);
    if (checked.success) matched.answers.push({ key, payload });
    else errors.push(...describeIssues(checked.error.issues, 'body', ['responses', key]));
  }
  if (errors.length > 0) throw refuse('invalid_request', 'An answer is not what was asked for.', errors);
  return matched;
}
