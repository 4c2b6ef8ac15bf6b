import { estimateTextTokens, estimateToolTokens, type ModelInfo, type ModelMessage } from '@nightshift/model';
import { toModelTools } from '@nightshift/tools';
import { type FittedContext, fitContext } from './fit-context.ts';
import type { TaskRun } from './task-run.ts';
import { toTurnGroups } from './turn-groups.ts';

export interface FittedRequest extends FittedContext {
  /** Estimate of the whole request: messages, system prompt and tools. */
  requestTokens: number;
}

/** Makes the conversation fit the window of a model, and says in the log what was left out of it. */
export async function fitRequest(run: TaskRun, info: ModelInfo): Promise<FittedRequest> {
  const fixedTokens = Math.ceil(estimateFixedTokens(run) * run.calibration);
  const context = fitContext({
    prompt: run.conversation.prompt,
    groups: toTurnGroups(run.conversation),
    budgetTokens: Math.floor(info.contextWindowTokens * run.contextUtilization) - fixedTokens,
    calibration: run.calibration,
  });
  const requestTokens = context.estimatedTokens + fixedTokens;
  const data = { estimated_tokens: requestTokens, window_tokens: info.contextWindowTokens };
  if (context.truncatedCount > 0) {
    await run.log.emit({ type: 'context.truncated', data: { ...data, results: context.truncatedCount } });
  }
  const { prunedTurns } = context;
  const [oldest] = prunedTurns;
  if (oldest !== undefined) {
    // The first and the last of them: a list in every request would make the log grow with the square of the turns.
    const turns = { from: oldest, to: prunedTurns.at(-1) ?? oldest, count: prunedTurns.length };
    await run.log.emit({ type: 'context.pruned', data: { ...data, turns } });
  }
  return { ...context, messages: trimLastWords(context.messages), requestTokens };
}

/** Learns from what the provider counted how far our estimate is off. */
export function calibrate(run: TaskRun, request: FittedRequest, countedTokens: number): void {
  const uncalibrated = request.requestTokens / run.calibration;
  if (countedTokens > 0) run.calibration = Math.min(3, Math.max(0.5, countedTokens / uncalibrated));
}

function estimateFixedTokens(run: TaskRun): number {
  return estimateTextTokens(run.agent.instructions) + estimateToolTokens(toModelTools(run.agent.tools));
}

/** A paused turn comes back as the last message, and there the protocol refuses trailing white space. */
function trimLastWords(messages: ModelMessage[]): ModelMessage[] {
  const last = messages.at(-1);
  const block = last?.content.at(-1);
  if (last?.role !== 'assistant' || block?.type !== 'text') return messages;
  const trimmed = { ...block, text: String(block.text).trimEnd() };
  return [...messages.slice(0, -1), { ...last, content: [...last.content.slice(0, -1), trimmed] }];
}
