import { createFailure, type Failure } from '@nightshift/domain';
import { toModelContent } from './to-model-content.ts';
import type { ToolCallScope } from './tool-call-scope.ts';
import { toFailureData, toToolEvent } from './tool-event.ts';
import type { ToolOutcome } from './tool-outcome.ts';

/** Which call it was: the names a scope and a model's call have in common. */
export interface NamedToolCall extends Pick<ToolCallScope, 'callId' | 'toolUseId'> {
  tool: string;
}

/** The outcome of a call the gate refused: it travels the same road as a result. */
export function createRefusedOutcome(call: NamedToolCall, failure: Failure): ToolOutcome {
  return { ...withoutRun(call, 'refused', failure), kind: 'refused', failure };
}

/**
 * The outcome of a call whose intent is in the journal without a result and that must not run again: never silently
 * repeated, never silently skipped (GUARANTEES.md I8).
 */
export function createUnknownOutcome(call: NamedToolCall): ToolOutcome {
  const message = `The worker died during the call of "${call.tool}". Whether it took effect is not known: verify that before calling it again.`;
  const failure = createFailure('tool_outcome_unknown', message, { detail: { tool: call.tool } });
  return { ...withoutRun(call, 'unknown', failure), kind: 'unknown', failure };
}

function withoutRun(call: NamedToolCall, outcome: 'refused' | 'unknown', failure: Failure) {
  const data = { tool: call.tool, ran_tool: call.tool, outcome, failure: toFailureData(failure) };
  return {
    modelContent: toModelContent([{ type: 'text', text: failure.message }]),
    isError: true,
    attempts: 0,
    ranTool: call.tool,
    durationMs: 0,
    finalEvents: [toToolEvent(call, 'tool.failed', { ...data, attempts: 0, duration_ms: 0 })],
  };
}
