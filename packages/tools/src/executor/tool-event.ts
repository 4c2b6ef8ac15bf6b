import type { EventType, Failure, Json, NewEvent, Visibility } from '@nightshift/domain';
import type { ToolCallScope } from './tool-call-scope.ts';

/** An event of a tool call: every one carries the step, the id the model gave to the call, and the tool. */
export function toToolEvent(
  call: Pick<ToolCallScope, 'callId' | 'toolUseId'>,
  type: EventType,
  data: { tool: string; [key: string]: Json | undefined },
  visibility?: Visibility,
): NewEvent {
  return {
    type,
    stepId: call.callId,
    ...(visibility === undefined ? {} : { visibility }),
    data: { tool_use_id: call.toolUseId, ...data },
  };
}

/** What readers of an event learn about a failure. */
export function toFailureData(failure: Failure): { [key: string]: Json } {
  const { code, message, retryable, retry_after_ms } = failure;
  return { code, message, retryable, ...(retry_after_ms === undefined ? {} : { retry_after_ms }) };
}
