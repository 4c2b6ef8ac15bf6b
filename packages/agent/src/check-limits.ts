import { createFailure } from '@nightshift/domain';
import type { Outcome } from './outcome.ts';
import type { TaskRun } from './task-run.ts';
import { toTurnText } from './turn-record.ts';

/**
 * Whether the task may take another turn (I12); undefined when it may. Counters come from the journal, so that no crash
 * resets them. Turns used up give what there is as a partial result; money and tokens used up are a failure.
 */
export function checkTurnLimits({
  conversation,
  limits,
}: Pick<TaskRun, 'conversation' | 'limits'>): Outcome | undefined {
  const { usage, turns } = conversation;
  const tokens = usage.input_tokens + usage.output_tokens + usage.cache_creation_tokens + usage.cache_read_tokens;
  if (limits.max_tokens !== undefined && tokens >= limits.max_tokens) return exhausted(`${limits.max_tokens} tokens`);
  if (limits.max_cost_usd !== undefined && usage.cost_usd >= limits.max_cost_usd) {
    return exhausted(`${limits.max_cost_usd} USD`);
  }
  if (turns.length < limits.max_turns) return undefined;
  const last = turns.at(-1);
  const text = last ? toTurnText(last.record) : '';
  return { kind: 'completed', result: { text }, stopReason: 'max_turns', partial: true };
}

/** Whether so many more tool calls may run; none of them does when not all may. */
export function checkToolLimit(
  { conversation, limits }: Pick<TaskRun, 'conversation' | 'limits'>,
  pendingCalls: number,
): Outcome | undefined {
  if (pendingCalls === 0 || conversation.usage.tool_calls + pendingCalls <= limits.max_tool_calls) return undefined;
  return exhausted(`${limits.max_tool_calls} tool calls`);
}

function exhausted(what: string): Outcome {
  return { kind: 'failed', failure: createFailure('budget_exhausted', `The task has used all ${what} it may use.`) };
}
