import { createFailure, type Failure } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import type { JudgedAttempt } from './judge-attempt.ts';
import { ABORT_GRACE_MS } from './run-attempt.ts';
import { toToolEvent } from './tool-event.ts';
import type { ToolRun } from './tool-run.ts';

/** A probe that reports a little late still reports in time. */
const PROBE_MARGIN_MS = 5_000;

export type BreakerStart = { kind: 'pass'; token: string | undefined } | { kind: 'refused'; failure: Failure };

/** Asks the tool's breaker, if it has one, for leave to call. */
export async function startThroughBreaker({ deps }: ToolRun, tool: Tool): Promise<BreakerStart> {
  if (!tool.breaker) return { kind: 'pass', token: undefined };
  const { key, failureThreshold, openMs } = tool.breaker;
  const probeLeaseMs = tool.timeoutMs.hard + ABORT_GRACE_MS + PROBE_MARGIN_MS;
  const verdict = await deps.breakers.before(key, { failureThreshold, openMs, probeLeaseMs });
  if (verdict.kind === 'pass') return { kind: 'pass', token: verdict.token };
  const failure = createFailure('tool_breaker_open', 'calls are paused after repeated failures', {
    retryAfterMs: verdict.retryAfterMs,
    detail: { tool: tool.name, breaker: key },
  });
  return { kind: 'refused', failure };
}

/** Tells the breaker how the call went; whoever opened it emits the event. */
export async function reportToBreaker(
  { deps, scope }: ToolRun,
  tool: Tool,
  token: string | undefined,
  judged: JudgedAttempt,
): Promise<void> {
  if (!tool.breaker) return;
  const { key } = tool.breaker;
  switch (judged.kind) {
    case 'completed':
      await deps.breakers.succeeded(key, token);
      return;
    case 'lost':
      await deps.breakers.released(key, token);
      return;
    case 'failed': {
      const report = await deps.breakers.failed(key, judged.failure, token);
      if (!report.opened || report.state.kind !== 'open') return;
      const data = { tool: tool.name, breaker: key, open_ms: report.state.openMs };
      await scope.emit(toToolEvent(scope, 'tool.breaker_opened', data));
    }
  }
}
