import { decideRetry, type Failure, FailureError, failWith, type RetryPolicy, type StepId } from '@nightshift/domain';
import { type ModelReply, type ModelRequest, toModelFailure } from '@nightshift/model';
import { type BreakerVerdict, sleep } from '@nightshift/resilience';
import { assertUsableCalls } from './assert-usable-calls.ts';
import { ParkError, ShutdownError } from './stop-reasons.ts';
import type { TaskRun } from './task-run.ts';
import { createTurnListener } from './turn-listener.ts';

/** Tries of one turn with one model. The SDK's own retries are off: they would hide in the lease. */
const MODEL_RETRY: RetryPolicy = { maxAttempts: 4, minTimeoutMs: 500, factor: 3, maxTimeoutMs: 20_000 };
const MODEL_BREAKER = { failureThreshold: 5, openMs: 10_000 };
/** A longer wait is spent outside of the slot. */
const MAX_WAIT_IN_SLOT_MS = 30_000;
/** Between looks at a provider that goes on limiting our rate after the tries in the slot. */
const RATE_LIMIT_WAIT_MS = 30_000;
/** Share of a wait outside that is drawn by lot, so that tasks parked together do not come back together. */
const WAKE_SPREAD = 0.5;
/** Failures of what was asked, not of the one who answers: another model would refuse it as well. */
const NOT_FOR_FALLBACK: readonly Failure['code'][] = ['model_invalid_request', 'model_request_too_large'];

export interface TurnCall {
  turn: number;
  stepId: StepId;
  /** What to ask a model: each of the chain has its own window. */
  prepare(model: string): Promise<ModelRequest>;
}

/**
 * Gets one complete reply: retries with backoff, then the next model of the agent's chain. Rejects with a FailureError
 * when all of that did not help, with a ParkError when waiting outside of the slot is right, with a ShutdownError instead
 * of waiting while the worker goes down, with the signal's reason when the task must stop. Every abandoned try has
 * announced its output as void.
 */
export async function callModel(run: TaskRun, call: TurnCall): Promise<ModelReply> {
  const { models } = run.agent;
  let parked: ParkError | undefined;
  for (const [index, model] of models.entries()) {
    try {
      return await callOneModel(run, call, model);
    } catch (error) {
      if (error instanceof ParkError) parked ??= error;
      const next = models[index + 1];
      if (!mayFallBack(error)) throw error;
      // What one model will be able to do later is no reason to fail now because another one cannot do it at all.
      if (next === undefined) throw parked ?? error;
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
  const request = await call.prepare(model);
  for (let attempt = 1; ; attempt++) {
    const verdict = await breakers.before(key, MODEL_BREAKER);
    if (verdict.kind === 'refused') throw park(run, 'provider', untilNextLook(verdict));
    try {
      const reply = await streamOnce(run, call, request, attempt);
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

/** Another task is asking the provider: by when it must have an answer says nothing about when it will have one. */
function untilNextLook({ retryAfterMs, state }: Extract<BreakerVerdict, { kind: 'refused' }>): number {
  return state.kind === 'half_open' ? Math.min(retryAfterMs, MODEL_BREAKER.openMs) : retryAfterMs;
}

/** Returns when the next try is due; throws when there is none. */
async function waitForNextTry(
  run: TaskRun,
  call: TurnCall,
  last: { failure: Failure; attempt: number; model: string; outage: boolean },
): Promise<void> {
  const { failure, attempt, model } = last;
  // An outage is nobody's failure: the task waits outside and loses no attempt.
  if (last.outage && failure.retryable) throw park(run, 'provider', MODEL_BREAKER.openMs);
  const decision = decideRetry({
    failure,
    attempt,
    policy: MODEL_RETRY,
    remainingMs: run.task.deadlineAt && run.task.deadlineAt.getTime() - run.deps.now(),
    random: run.deps.random(),
  });
  const limited = failure.code === 'model_rate_limited';
  if (decision.kind === 'stop') {
    // A limit is a matter of time, and a night of batches meets many: it costs no attempt either.
    if (limited && decision.why === 'max_attempts') throw park(run, 'rate_limit', RATE_LIMIT_WAIT_MS);
    throw new FailureError(failure);
  }
  if (decision.delayMs > MAX_WAIT_IN_SLOT_MS) throw park(run, limited ? 'rate_limit' : 'provider', decision.delayMs);
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
  await sleepUnlessGoingDown(run, decision.delayMs);
}

function park(run: TaskRun, waitingFor: ParkError['waitingFor'], waitMs: number): ParkError {
  return new ParkError(waitingFor, Math.max(1_000, Math.round(waitMs * (1 + run.deps.random() * WAKE_SPREAD))));
}

/** Between two tries nothing is under way: a good place to hand the task back. */
async function sleepUnlessGoingDown(run: TaskRun, delayMs: number): Promise<void> {
  const wait = new AbortController();
  const stop = () => wait.abort(run.signal.reason);
  const goDown = () => wait.abort(new ShutdownError('the worker is going down'));
  if (run.signal.aborted) stop();
  else if (run.shutdown.aborted) goDown();
  run.signal.addEventListener('abort', stop, { once: true });
  run.shutdown.addEventListener('abort', goDown, { once: true });
  try {
    await sleep(delayMs, wait.signal);
  } finally {
    run.signal.removeEventListener('abort', stop);
    run.shutdown.removeEventListener('abort', goDown);
  }
}

async function streamOnce(run: TaskRun, call: TurnCall, request: ModelRequest, attempt: number): Promise<ModelReply> {
  await run.log.append({
    events: [{ type: 'turn.started', stepId: call.stepId, data: { turn: call.turn, model: request.model, attempt } }],
    openTurn: 0,
    progress: JSON.stringify({ turn: call.turn, phase: 'model', usage: run.conversation.usage }),
  });
  const reply = await run.deps.model.streamTurn(request, {
    listener: createTurnListener(run, call),
    signal: run.signal,
  });
  assertUsableCalls(run.conversation, reply);
  return reply;
}
