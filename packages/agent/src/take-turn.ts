import { addUsage, createId, failWith } from '@nightshift/domain';
import {
  estimateTextTokens,
  estimateToolTokens,
  findModelInfo,
  type ModelReply,
  type ModelToolSpec,
  toCostUsd,
} from '@nightshift/model';
import { toModelTools } from '@nightshift/tools';
import { callModel } from './call-model.ts';
import { checkAnswer } from './check-answer.ts';
import { type FittedContext, fitContext } from './fit-context.ts';
import { type FoldedTurn, toTurnMessages } from './fold-journal.ts';
import type { TaskRun } from './task-run.ts';
import { toTurnRecord } from './turn-record.ts';

/** How often a model may correct an answer that does not match the agent's output schema. */
const MAX_CORRECTIONS = 2;
/** Room for the answer grows this much when a tool call was cut by it. */
const OUTPUT_GROWTH = 2;
/** After the provider found the request too long, we fill this much less of the window. */
const TIGHTER_UTILIZATION = 0.7;
const MIN_UTILIZATION = 0.3;

/**
 * Takes the next turn: fits the context, streams the reply, journals it whole. A reply that was not received to its end
 * leaves nothing behind. The returned turn is part of the conversation; it is durable before anything that follows is.
 */
export async function takeTurn(run: TaskRun): Promise<FoldedTurn> {
  const turn = (run.conversation.turns.at(-1)?.turn ?? 0) + 1;
  const stepId = createId('step');
  const startedAt = new Date(run.deps.now());
  const tools = toModelTools(run.agent.tools);
  const context = await fitRequest(run, tools);
  const reply = await replyWithinLimits(run, { turn, stepId, context, tools });
  const model = findModelInfo(reply.model);
  const usage = {
    input_tokens: reply.usage.inputTokens,
    output_tokens: reply.usage.outputTokens,
    cache_read_tokens: reply.usage.cacheReadTokens,
    cache_creation_tokens: reply.usage.cacheCreationTokens,
    cost_usd: toCostUsd(model, reply.usage),
    turns: 1,
  };
  calibrate(run, context, reply);
  const record = toTurnRecord(reply, findFeedback(run, reply));
  const folded: FoldedTurn = { turn, record, tools: new Map() };
  run.conversation.turns.push(folded);
  run.conversation.usage = addUsage(run.conversation.usage, usage);
  await run.log.append({
    events: [
      {
        type: 'turn.completed',
        stepId,
        data: {
          turn,
          model: reply.model,
          stop_reason: reply.stopReason,
          tool_calls: reply.toolCalls.length,
          usage,
          time_to_first_token_ms: reply.timeToFirstTokenMs && Math.round(reply.timeToFirstTokenMs),
          request_id: reply.requestId,
        },
      },
    ],
    steps: [
      {
        id: stepId,
        run: run.task.run,
        stepKey: `t${turn}`,
        turn,
        position: 0,
        kind: 'turn',
        name: reply.model,
        status: 'done',
        content: JSON.stringify(record),
        attempts: 1,
        usage,
        startedAt,
      },
    ],
    openTurn: null,
    clearSuspicion: run.task.suspicion > 0,
    progress: JSON.stringify({ turn, phase: 'tools', usage: run.conversation.usage }),
  });
  countUsage(run, reply, usage.cost_usd);
  return folded;
}

async function fitRequest(run: TaskRun, tools: ModelToolSpec[]): Promise<FittedContext> {
  const info = findModelInfo(run.agent.models[0]);
  const fixed = (estimateTextTokens(run.agent.instructions) + estimateToolTokens(tools)) * run.calibration;
  const context = fitContext({
    prompt: run.conversation.prompt,
    groups: run.conversation.turns.map((folded) => ({ turn: folded.turn, messages: toTurnMessages(folded) })),
    budgetTokens: Math.floor(info.contextWindowTokens * run.contextUtilization - fixed),
    calibration: run.calibration,
  });
  const data = { estimated_tokens: context.estimatedTokens, window_tokens: info.contextWindowTokens };
  if (context.truncatedCount > 0) {
    await run.log.emit({ type: 'context.truncated', data: { ...data, results: context.truncatedCount } });
  }
  if (context.prunedTurns.length > 0) {
    await run.log.emit({ type: 'context.pruned', data: { ...data, turns: context.prunedTurns } });
  }
  return context;
}

interface PreparedTurn {
  turn: number;
  stepId: `step_${string}`;
  context: FittedContext;
  tools: ModelToolSpec[];
}

/** A tool call cut by the output limit is asked for once more with more room; it is never executed. */
async function replyWithinLimits(run: TaskRun, prepared: PreparedTurn): Promise<ModelReply> {
  const info = findModelInfo(run.agent.models[0]);
  const room = info.contextWindowTokens - prepared.context.estimatedTokens;
  const ask = (maxOutputTokens: number) =>
    callModel(run, {
      turn: prepared.turn,
      stepId: prepared.stepId,
      request: {
        system: run.agent.instructions,
        messages: prepared.context.messages,
        tools: prepared.tools,
        maxOutputTokens: Math.max(1, Math.min(maxOutputTokens, room)),
      },
    });
  const first = await ask(info.maxOutputTokens);
  if (first.stopReason === 'model_context_window_exceeded') {
    await run.log.voidOpenTurn();
    run.contextUtilization *= TIGHTER_UTILIZATION;
    if (run.contextUtilization < MIN_UTILIZATION) {
      throw failWith('context_exhausted', 'The model says that the conversation does not fit, even after pruning.');
    }
    const tighter = await fitRequest(run, prepared.tools);
    return replyWithinLimits(run, { ...prepared, context: tighter });
  }
  if (!first.truncatedToolCall) return first;
  await run.log.voidOpenTurn();
  const second = await ask(info.maxOutputTokens * OUTPUT_GROWTH);
  if (!second.truncatedToolCall) return second;
  await run.log.voidOpenTurn();
  throw failWith('model_bad_reply', 'The model ran out of output tokens in the middle of a tool call, twice.', {
    retryable: false,
    detail: { model: second.model },
  });
}

function calibrate(run: TaskRun, context: FittedContext, reply: ModelReply): void {
  const { inputTokens, cacheReadTokens, cacheCreationTokens } = reply.usage;
  const measured = inputTokens + cacheReadTokens + cacheCreationTokens;
  const uncalibrated = context.estimatedTokens / run.calibration;
  const fixed = estimateTextTokens(run.agent.instructions) + estimateToolTokens(toModelTools(run.agent.tools));
  if (measured > 0) run.calibration = Math.min(3, Math.max(0.5, measured / (uncalibrated + fixed)));
}

function findFeedback(run: TaskRun, reply: ModelReply): string | undefined {
  if (reply.stopReason !== 'end_turn' && reply.stopReason !== 'stop_sequence') return undefined;
  const answer = checkAnswer(run.agent, toTurnRecord(reply));
  if (answer.kind === 'valid') return undefined;
  const corrections = run.conversation.turns.filter((folded) => folded.record.feedback !== undefined).length;
  if (corrections >= MAX_CORRECTIONS) {
    throw failWith('agent_output_invalid', `The answer does not match the output schema: ${answer.problem}.`);
  }
  return `Your answer cannot be used: ${answer.problem}. Answer again with only the JSON object that was asked for.`;
}

function countUsage(run: TaskRun, reply: ModelReply, costUsd: number): void {
  const { modelTokens, modelCost } = run.deps.metrics;
  const { usage, model } = reply;
  modelTokens.inc({ model, kind: 'input' }, usage.inputTokens);
  modelTokens.inc({ model, kind: 'output' }, usage.outputTokens);
  modelTokens.inc({ model, kind: 'cache_read' }, usage.cacheReadTokens);
  modelTokens.inc({ model, kind: 'cache_creation' }, usage.cacheCreationTokens);
  modelCost.inc({ model }, costUsd);
}
