import type { Usage } from '@nightshift/domain';
import { type ModelReply, toCostUsd } from '@nightshift/model';
import type { TaskRun } from './task-run.ts';

/** What a reply cost, as the journal and the task's usage count it. */
export function toReplyUsage(run: Pick<TaskRun, 'deps'>, reply: ModelReply): Omit<Usage, 'turns' | 'tool_calls'> {
  return {
    input_tokens: reply.usage.inputTokens,
    output_tokens: reply.usage.outputTokens,
    cache_read_tokens: reply.usage.cacheReadTokens,
    cache_creation_tokens: reply.usage.cacheCreationTokens,
    cost_usd: toCostUsd(run.deps.model.findInfo(reply.model), reply.usage),
  };
}

/** Counts a reply in the metrics of the process. */
export function countReply(run: Pick<TaskRun, 'deps'>, reply: ModelReply): void {
  const { modelTokens, modelCost } = run.deps.metrics;
  const { model } = reply;
  const usage = toReplyUsage(run, reply);
  modelTokens.inc({ model, kind: 'input' }, usage.input_tokens);
  modelTokens.inc({ model, kind: 'output' }, usage.output_tokens);
  modelTokens.inc({ model, kind: 'cache_read' }, usage.cache_read_tokens);
  modelTokens.inc({ model, kind: 'cache_creation' }, usage.cache_creation_tokens);
  modelCost.inc({ model }, usage.cost_usd);
}
