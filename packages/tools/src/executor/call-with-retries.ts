import { createFailure, decideRetry, type Failure, type Json, mayRunAgain } from '@nightshift/domain';
import { sleep } from '@nightshift/resilience';
import type { Tool } from '../define-tool.ts';
import { acquireToolSlot } from './acquire-tool-slot.ts';
import type { ThrownByTool } from './classify-thrown.ts';
import { judgeAttempt } from './judge-attempt.ts';
import { runAttempt } from './run-attempt.ts';
import { reportToBreaker, startThroughBreaker } from './tool-breaker.ts';
import { toFailureData, toToolEvent } from './tool-event.ts';
import { remainingMsOf, type ToolRun } from './tool-run.ts';

/** How one tool of the chain ended, after its retries. */
export type CandidateEnd = { kind: 'completed'; output: Json; parsed: unknown } | FailedEnd;

export interface FailedEnd {
  kind: 'failed';
  failure: Failure;
  intent: ThrownByTool['intent'];
  timedOut: boolean;
  /** The last partial result of any of its tries. */
  partial: Json | undefined;
  /** False when the breaker or the deadline kept it from being started at all. */
  started: boolean;
}

/**
 * Calls one tool of the chain until it succeeds or trying again makes no sense. An `unsafe` or `verifiable` tool is tried
 * again only when it says itself that nothing happened (RetryableToolError). Rejects with the reason when the task is lost.
 */
export async function callWithRetries(run: ToolRun, tool: Tool, input: unknown): Promise<CandidateEnd> {
  const { deps, scope } = run;
  let last: FailedEnd | undefined;
  for (let attempt = 1; ; attempt++) {
    scope.signal.throwIfAborted();
    const end = await tryOnce(run, tool, input, attempt);
    if (end.kind === 'completed') return end;
    if (!end.started) return last ?? end;
    last = { ...end, partial: end.partial ?? last?.partial };
    const { failure } = last;
    if (!mayTryAgain(tool, last)) return last;
    const decision = decideRetry({
      failure,
      attempt,
      policy: tool.retry,
      remainingMs: remainingMsOf(run),
      random: deps.random(),
    });
    if (decision.kind === 'stop') return last;
    const data = { tool: tool.name, attempt: attempt + 1, of: tool.retry.maxAttempts, delay_ms: decision.delayMs };
    await scope.emit(toToolEvent(scope, 'tool.retry', { ...data, failure: toFailureData(failure) }));
    deps.metrics.toolRetries.inc({ tool: tool.name });
    await sleep(decision.delayMs, scope.signal);
  }
}

/** A slot, the breaker's leave, one run, a report to the breaker; the slot is free again whatever the tool still does. */
async function tryOnce(run: ToolRun, tool: Tool, input: unknown, attempt: number): Promise<CandidateEnd> {
  const release = await acquireToolSlot(run, tool);
  if (release === 'deadline') return notStarted(toDeadlineFailure(tool));
  try {
    const start = await startThroughBreaker(run, tool);
    if (start.kind === 'refused') return notStarted(start.failure);
    return await runOnce(run, tool, { input, attempt, token: start.token });
  } finally {
    release();
  }
}

async function runOnce(
  run: ToolRun,
  tool: Tool,
  { input, attempt, token }: { input: unknown; attempt: number; token: string | undefined },
): Promise<CandidateEnd> {
  const { scope } = run;
  run.attempts++;
  const startedEvent = run.attempts === 1 ? announceStart(run) : Promise.resolve();
  const isCalledTool = tool === run.prepared.tool;
  const result = await startedEvent.then(
    () =>
      runAttempt({
        tool,
        input,
        scope,
        attempt,
        idempotencyKey: isCalledTool ? scope.idempotencyKey : `${scope.idempotencyKey}:${tool.name}`,
        remainingMs: remainingMsOf(run),
      }),
    (reason: unknown) => ({ end: { kind: 'lost' as const, reason }, partial: undefined }),
  );
  const judged = await judgeAttempt(tool, result.end);
  if (judged.kind !== 'completed') await scope.transaction.rollBack();
  await reportToBreaker(run, tool, token, judged);
  switch (judged.kind) {
    case 'completed':
      return judged;
    case 'lost':
      throw judged.reason;
    case 'failed':
      if (result.end.kind === 'hard_timeout') {
        const data = { tool: tool.name, attempt, after_ms: result.end.timeoutMs, has_partial: hasPartial(result) };
        await scope.emit(toToolEvent(scope, 'tool.timeout_hard', data));
      }
      // What a transaction had in hand was undone with it.
      return { ...judged, partial: tool.effectClass === 'transaction' ? undefined : result.partial, started: true };
  }
}

function announceStart({ scope, prepared: { tool, rawInput } }: ToolRun): Promise<void> {
  const input = tool.visibility.input === 'user' ? { input: rawInput } : {};
  return scope.emit(toToolEvent(scope, 'tool.started', { tool: tool.name, ...input }));
}

function hasPartial(result: { partial: Json | undefined }): boolean {
  return result.partial !== undefined;
}

function mayTryAgain(tool: Tool, end: FailedEnd): boolean {
  if (end.partial !== undefined && end.timedOut) return false;
  if (end.intent === 'retryable') return true;
  return end.intent === 'other' && mayRunAgain(tool.effectClass);
}

function notStarted(failure: Failure): FailedEnd {
  return { kind: 'failed', failure, intent: 'other', timedOut: false, partial: undefined, started: false };
}

function toDeadlineFailure(tool: Tool): Failure {
  const message = 'the deadline of the task passed before it could start';
  return createFailure('deadline_exceeded', message, { detail: { tool: tool.name } });
}
