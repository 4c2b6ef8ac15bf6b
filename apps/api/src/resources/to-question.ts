import type { OpenQuestion } from '@nightshift/store';
import type { Question } from '../schemas/question.ts';

/** A question as clients see it; the agent journaled everything but when it was asked. */
export function toQuestion({ content, askedAt }: OpenQuestion): Question {
  return { ...(JSON.parse(content) as Omit<Question, 'asked_at'>), asked_at: askedAt.toISOString() };
}
