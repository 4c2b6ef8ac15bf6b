import { isTooDeep, type Json } from '@nightshift/domain';
import type { Agent } from './define-agent.ts';
import { type TurnRecord, toTurnText } from './turn-record.ts';

export type CheckedAnswer = { kind: 'valid'; result: Json } | { kind: 'invalid'; problem: string };

const MAX_ISSUES = 10;

/** What the final turn answers: `{ text }`, or JSON of the agent's output schema. */
export function checkAnswer(agent: Agent, record: TurnRecord): CheckedAnswer {
  const text = toTurnText(record);
  if (!agent.outputSchema) return { kind: 'valid', result: { text } };
  const json = findJson(text);
  if (json === undefined) return { kind: 'invalid', problem: 'it is not a JSON object' };
  const parsed = agent.outputSchema.safeParse(json);
  if (parsed.success) return { kind: 'valid', result: parsed.data as Json };
  const issues = parsed.error.issues.slice(0, MAX_ISSUES).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return { kind: 'invalid', problem: issues.join('; ') };
}

/** The JSON object in an answer: the whole of it, a fenced block, or what stands between the outermost braces. */
function findJson(text: string): Json | undefined {
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n```/.exec(text)?.[1];
  const braces = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  for (const candidate of [text, fenced, braces]) {
    if (!candidate || isTooDeep(candidate)) continue;
    try {
      const value = JSON.parse(candidate) as Json;
      if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
    } catch {
      // the next candidate
    }
  }
  return undefined;
}
