import { type Failure, must } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import { buildCompleted, buildFailed, buildPartial, type PassedOver } from './build-outcome.ts';
import { callWithRetries, type FailedEnd } from './call-with-retries.ts';
import { checkToolInput, type PreparedToolCall } from './check-tool-call.ts';
import type { ToolCallScope } from './tool-call-scope.ts';
import { toFailureData, toToolEvent } from './tool-event.ts';
import type { ToolExecutorDeps } from './tool-executor-deps.ts';
import type { ToolOutcome } from './tool-outcome.ts';
import { remainingMsOf, type ToolRun } from './tool-run.ts';

/**
 * Runs a checked call: prepare (checkToolCall did), execute with retries and fallbacks, finalize into an outcome. Every
 * failure of a tool is an outcome. Rejects only when the task is no longer this worker's business: with the reason of
 * `scope.signal`, or with what `scope.emit` rejected with; the tool is aborted then, and its breaker not blamed.
 */
export async function executeTool(
  deps: ToolExecutorDeps,
  prepared: PreparedToolCall,
  scope: ToolCallScope,
): Promise<ToolOutcome> {
  scope.signal.throwIfAborted();
  const run: ToolRun = { deps, scope, prepared, startedAt: deps.now(), attempts: 0 };
  const outcome = await runChain(run);
  deps.metrics.toolDuration.observe({ tool: outcome.ranTool, outcome: outcome.kind }, outcome.durationMs / 1000);
  const { ranTool, attempts, durationMs } = outcome;
  scope.log.debug({ tool: prepared.tool.name, ranTool, outcome: outcome.kind, attempts, durationMs }, 'tool ended');
  return outcome;
}

async function runChain(run: ToolRun): Promise<ToolOutcome> {
  const { deps, scope, prepared } = run;
  const passedOver: PassedOver[] = [];
  let last: { tool: Tool; end: FailedEnd } | undefined;
  for (const tool of deps.registry.fallbackChain(prepared.tool)) {
    const checked = tool === prepared.tool ? prepared : checkToolInput(tool, prepared.rawInput);
    if (checked.kind === 'refused') {
      scope.log.warn({ tool: prepared.tool.name, fallback: tool.name }, checked.failure.message);
      continue;
    }
    if (last) {
      if (!mayFallBack(run, last.tool, last.end)) break;
      passedOver.push({ tool: last.tool, failure: last.end.failure });
      await announceFallback(run, last.tool, tool, last.end.failure);
    }
    const end = await callWithRetries(run, tool, checked.input);
    if (end.kind === 'completed') return buildCompleted(run, tool, end, passedOver);
    if (end.partial !== undefined && end.intent !== 'fatal') {
      return buildPartial(run, tool, { output: end.partial, failure: end.failure }, passedOver);
    }
    last = { tool, end };
  }
  const { tool, end } = must(last, 'a fallback chain begins with the tool that was called');
  return buildFailed(run, tool, end, passedOver);
}

function announceFallback({ scope, prepared }: ToolRun, from: Tool, to: Tool, failure: Failure): Promise<void> {
  const data = { tool: prepared.tool.name, from: from.name, to: to.name, why: toFailureData(failure) };
  return scope.emit(toToolEvent(scope, 'tool.fallback', data));
}

/**
 * Another tool helps against an outage, not against a refusal, a spent deadline, or an effect that has happened and only
 * cannot be told about.
 */
function mayFallBack(run: ToolRun, tool: Tool, end: FailedEnd): boolean {
  if (end.intent === 'rejected' || end.intent === 'fatal' || end.failure.code === 'deadline_exceeded') return false;
  const leftNothing = tool.effectClass === 'pure' || tool.effectClass === 'transaction';
  if (end.failure.code === 'tool_bad_output' && !leftNothing) return false;
  const remainingMs = remainingMsOf(run);
  return remainingMs === undefined || remainingMs > 0;
}
