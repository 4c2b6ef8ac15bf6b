import { createFailure, decideRetry, messageOf } from '@nightshift/domain';
import { sleep, TimeoutError, withTimeout } from '@nightshift/resilience';
import { z } from 'zod';
import type { Tool, Verification } from '../define-tool.ts';
import { buildCompleted, buildFailed } from './build-outcome.ts';
import type { PreparedToolCall } from './check-tool-call.ts';
import { judgeAttempt } from './judge-attempt.ts';
import type { ToolCallScope } from './tool-call-scope.ts';
import type { ToolExecutorDeps } from './tool-executor-deps.ts';
import type { ToolOutcome } from './tool-outcome.ts';
import type { ToolRun } from './tool-run.ts';

/** adopt: it happened, and this is its outcome. run: it did not happen. unknown: nobody can tell. */
export type VerifiedCall = { kind: 'adopt'; outcome: ToolOutcome } | { kind: 'run' } | { kind: 'unknown' };

const verificationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('happened'), output: z.unknown() }),
  z.object({ kind: z.literal('did_not_happen') }),
  z.object({ kind: z.literal('cannot_tell') }),
]);

/**
 * Asks a tool whether a call has happened whose intent is in the journal without a result. A tool without `verify`, one
 * that answers nonsense, and one whose check fails or hangs to the end of its retries cannot tell. Rejects with the reason
 * of `scope.signal`.
 */
export async function verifyCall(
  deps: ToolExecutorDeps,
  prepared: PreparedToolCall,
  scope: ToolCallScope,
): Promise<VerifiedCall> {
  const { tool } = prepared;
  const startedAt = deps.now();
  const found = await askWithRetries(deps, prepared, scope);
  scope.log.info({ tool: tool.name, found: found.kind }, 'the tool verified a call whose worker died');
  switch (found.kind) {
    case 'cannot_tell':
      return { kind: 'unknown' };
    case 'did_not_happen':
      return { kind: 'run' };
    case 'happened': {
      const run: ToolRun = { deps, scope, prepared, startedAt, attempts: 0 };
      return { kind: 'adopt', outcome: await adopt(run, tool, found.output) };
    }
  }
}

async function adopt(run: ToolRun, tool: Tool, value: unknown): Promise<ToolOutcome> {
  const judged = await judgeAttempt(tool, { kind: 'returned', value });
  if (judged.kind === 'completed') return buildCompleted(run, tool, judged, []);
  const failure =
    judged.kind === 'failed' ? judged.failure : createFailure('tool_bad_output', messageOf(judged.reason));
  const end = {
    kind: 'failed',
    failure,
    intent: 'other',
    timedOut: false,
    partial: undefined,
    started: false,
  } as const;
  return buildFailed(run, tool, end, []);
}

async function askWithRetries(
  deps: ToolExecutorDeps,
  { tool, input }: PreparedToolCall,
  scope: ToolCallScope,
): Promise<Verification> {
  if (!tool.verify) return { kind: 'cannot_tell' };
  for (let attempt = 1; ; attempt++) {
    scope.signal.throwIfAborted();
    try {
      return verificationSchema.parse(await askOnce(tool, input, scope));
    } catch (error) {
      scope.signal.throwIfAborted();
      scope.log.warn({ tool: tool.name, attempt, error: messageOf(error) }, 'the check of a call failed');
      const isNonsense = error instanceof z.ZodError;
      const code = error instanceof TimeoutError ? 'tool_timeout' : 'tool_failed';
      const failure = createFailure(code, messageOf(error), { retryable: !isNonsense });
      const decision = decideRetry({ failure, attempt, policy: tool.retry, random: deps.random() });
      if (decision.kind === 'stop') return { kind: 'cannot_tell' };
      await sleep(decision.delayMs, scope.signal);
    }
  }
}

function askOnce(tool: Tool, input: unknown, scope: ToolCallScope): Promise<unknown> {
  const { task, callId, toolUseId, idempotencyKey, deadlineAt, log } = scope;
  const ask = async (signal: AbortSignal) =>
    tool.verify?.(idempotencyKey, input, { task, callId, toolUseId, idempotencyKey, deadlineAt, log, signal });
  return withTimeout(ask, {
    timeoutMs: tool.timeoutMs.hard,
    what: `the check of the tool "${tool.name}"`,
    signal: scope.signal,
  });
}
