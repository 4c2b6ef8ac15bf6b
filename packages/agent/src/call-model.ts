import { decideRetry, type Failure, FailureError, failWith, type RetryPolicy, type StepId } from '@nightshift/domain';
import { type ModelReply, type ModelRequest, toModelFailure } from '@nightshift/model';
import { sleep } from '@nightshift/resilience';
import { ParkError } from './stop-reasons.ts';
import type { TaskRun } from './task-run.ts';
import { createTurnListener } from './turn-listener.ts';

/** Tries of one turn with one model. The SDK's own retries are off: they would hide in the lease. */
const MODEL_RETRY: RetryPolicy = { maxAttempts: 4, minTimeoutMs: 500, factor: 3, maxTimeoutMs: 20_000 };
const MODEL_BREAKER = { failureThreshold: 5, openMs: 10_000 };
/** A longer wait is spent outside of the slot. */
const MAX_WAIT_IN_SLOT_MS = 30_000;
/** Failures of what was asked, not of the one who answers: another model would refuse it as well. */
const NOT_FOR_FALLBACK: readonly Failure['code'][] = ['model_invalid_request', 'model_request_too_large'];

export interface TurnCall {
  turn: number;
  stepId: StepId;
  request: Omit<ModelRequest, 'model'>;
}

/**
 * Gets one complete reply: retries with backoff, then the next model of the agent's chain. Rejects with a FailureError
 * when all of that did not help, with a ParkError when waiting outside of the slot is right, with the signal's reason
 * when the task must stop. Every abandoned try has announced its output as void.
 */
export async function callModel(run: TaskRun, call: TurnCall): Promise<ModelReply> {
  const models = run.agent.models;
  for (const [index, model] of models.entries()) {
    const next = models[index + 1];
    try {
      return await callOneModel(run, call, model);
    } catch (error) {
      if (!next || !mayFallBack(error)) throw error;
      const why = error instanceof FailureError ? error.failure.code : 'model_breaker_open';
      await run.log.emit({ type: 'model.fallback', stepId: call.stepId, data: { from: model, to: next, why } });
    }
  }
  throw failWith('model_unknown', 'The agent names no model.');
}

function mayFallBack(error: unknown): boolean {
  if (error instanceof ParkError) return true;
  return error instanceof FailureError && !NOT_FOR_FALLBACK.includes(error.failure.code);
}

async function callOneModel(run: TaskRun, call: TurnCall, model: string): Promise<ModelReply> {
  const { breakers } = run.deps;
  const key = `model:${model}`;
  for (let attempt = 1; ; attempt++) {
    const verdict = await breakers.before(key, MODEL_BREAKER);
    if (verdict.kind === 'refused') throw new ParkError('provider', Math.max(1_000, verdict.retryAfterMs));
    try {
      const reply = await streamOnce(run, call, model, attempt);
      await breakers.succeeded(key, verdict.token);
      return reply;
    } catch (error) {
      if (run.signal.aborted) {
        await breakers.released(key, verdict.token);
        throw run.signal.reason;
      }
      const failure = toModelFailure(error, model);
      const report = await breakers.failed(key, failure, verdict.token);
      if (report.opened) {
        await run.log.emit({ type: 'model.breaker_opened', stepId: call.stepId, data: { model, code: failure.code } });
      }
      await run.log.voidOpenTurn();
      await waitForNextTry(run, call, { failure, attempt, model, outage: report.state.kind === 'open' });
    }
  }
}

/** Returns when the next try is due; throws when there is none. */
async function waitForNextTry(
  run: TaskRun,
  call: TurnCall,
  last: { failure: Failure; attempt: number; model: string; outage: boolean },
): Promise<void> {
  const { failure, attempt, model } = last;
  // An outage is nobody's failure: the task waits outside and loses no attempt.
  if (last.outage) throw new ParkError('provider', MODEL_BREAKER.openMs);
  const decision = decideRetry({
    failure,
    attempt,
    policy: MODEL_RETRY,
    remainingMs: run.task.deadlineAt && run.task.deadlineAt.getTime() - run.deps.now(),
    random: run.deps.random(),
  });
  if (decision.kind === 'stop') throw new FailureError(failure);
  if (decision.delayMs > MAX_WAIT_IN_SLOT_MS) {
    throw new ParkError(failure.code === 'model_rate_limited' ? 'rate_limit' : 'provider', decision.delayMs);
  }
  await run.log.emit({
    type: 'model.retry',
    stepId: call.stepId,
    data: {
      turn: call.turn,
      model,
      attempt,
      of: MODEL_RETRY.maxAttempts,
      delay_ms: decision.delayMs,
      code: failure.code,
      message: failure.message,
    },
  });
  await sleep(decision.delayMs, run.signal);
}

async function streamOnce(run: TaskRun, call: TurnCall, model: string, attempt: number): Promise<ModelReply> {
  await run.log.append({
    events: [{ type: 'turn.started', stepId: call.stepId, data: { turn: call.turn, model, attempt } }],
    openTurn: 0,
    progress: JSON.stringify({ turn: call.turn, phase: 'model', usage: run.conversation.usage }),
  });
  const reply = await run.deps.model.streamTurn(
    { ...call.request, model },
    { listener: createTurnListener(run, call), signal: run.signal },
  );
  const ids = reply.toolCalls.map((toolCall) => toolCall.toolUseId);
  if (new Set(ids).size !== ids.length) {
    throw failWith('model_bad_reply', 'The model gave two tool calls the same id.', { detail: { model } });
  }
  return reply;
}
