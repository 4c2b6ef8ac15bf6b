import { FailureError, failWith } from '@nightshift/domain';
import type { ModelReply } from '@nightshift/model';
import { toModelTools } from '@nightshift/tools';
import { callModel } from './call-model.ts';
import { discardReply } from './discard-reply.ts';
import { calibrate, type FittedRequest, fitRequest } from './fit-request.ts';
import type { StartedTurn, TaskRun } from './task-run.ts';

/** Room for the answer grows this much when a tool call was cut by it. */
const OUTPUT_GROWTH = 2;
/** After the provider found the conversation too long, the next one is this share of it, so many times. */
const TIGHTER_SHARE = 0.7;
const MAX_TIGHTENINGS = 3;

/**
 * Gets a reply that the turn can be made of. A tool call cut by the output limit is asked for once more with more room and
 * never executed; a conversation that the provider finds too long is made shorter and sent again, a few times.
 */
export async function askWithinLimits(run: TaskRun, turn: StartedTurn): Promise<ModelReply> {
  let growth = 1;
  let tightenings = 0;
  for (;;) {
    const { reply, filledShare } = await askOnce(run, turn, growth);
    if (reply === undefined || reply.stopReason === 'model_context_window_exceeded') {
      if (reply) await discardReply(run, turn, reply);
      if (++tightenings > MAX_TIGHTENINGS) {
        throw failWith('context_exhausted', 'The model says that the conversation does not fit, even after pruning.');
      }
      run.contextUtilization = Math.min(run.contextUtilization, filledShare) * TIGHTER_SHARE;
    } else if (reply.truncatedToolCall) {
      await discardReply(run, turn, reply);
      if (growth > 1) {
        throw failWith('model_bad_reply', 'The model ran out of output tokens in the middle of a tool call, twice.', {
          retryable: false,
          detail: { model: reply.model },
        });
      }
      growth = OUTPUT_GROWTH;
    } else return reply;
  }
}

/** One ask, by whichever model of the chain answers; no reply: the provider refused the request as too long. */
async function askOnce(
  run: TaskRun,
  turn: StartedTurn,
  growth: number,
): Promise<{ reply: ModelReply | undefined; filledShare: number }> {
  let asked: FittedRequest | undefined;
  let filledShare = 1;
  try {
    const reply = await callModel(run, {
      turn: turn.turn,
      stepId: turn.stepId,
      async prepare(model) {
        const info = run.deps.model.findInfo(model);
        asked = await fitRequest(run, info);
        filledShare = asked.requestTokens / info.contextWindowTokens;
        const room = info.contextWindowTokens - asked.requestTokens;
        return {
          model,
          system: run.agent.instructions,
          messages: asked.messages,
          tools: toModelTools(run.agent.tools),
          maxOutputTokens: Math.max(1, Math.min(info.maxOutputTokens * growth, room)),
        };
      },
    });
    const { inputTokens, cacheReadTokens, cacheCreationTokens } = reply.usage;
    if (asked) calibrate(run, asked, inputTokens + cacheReadTokens + cacheCreationTokens);
    return { reply, filledShare };
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'model_request_too_large') throw error;
    return { reply: undefined, filledShare };
  }
}
