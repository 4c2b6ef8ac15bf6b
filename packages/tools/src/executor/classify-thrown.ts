import { createFailure, type Failure, FailureError, messageOf, toSafeText } from '@nightshift/domain';
import { redactText } from '@nightshift/telemetry';
import { FatalToolError } from '../errors/fatal-tool-error.ts';
import { RetryableToolError } from '../errors/retryable-tool-error.ts';
import { ToolError } from '../errors/tool-error.ts';

/**
 * What a tool's throw asks for. rejected: tell the model, nothing else (ToolError). fatal: fail the task. retryable: the
 * tool itself says that nothing happened. other: a failure of which only the code is known.
 */
export interface ThrownByTool {
  readonly intent: 'rejected' | 'fatal' | 'retryable' | 'other';
  readonly failure: Failure;
}

/** Somebody else's message may be a whole HTML page. */
const MAX_MESSAGE_CHARS = 4_000;

/** The one place where what a tool throws becomes a failure: no stack, no secret and no page of text gets through. */
export function classifyThrown(thrown: unknown, tool: string): ThrownByTool {
  if (thrown instanceof ToolError) return { intent: 'rejected', failure: clean(thrown.toFailure(tool)) };
  if (thrown instanceof FatalToolError) return { intent: 'fatal', failure: clean(thrown.toFailure(tool)) };
  if (thrown instanceof RetryableToolError) return { intent: 'retryable', failure: clean(thrown.toFailure(tool)) };
  if (thrown instanceof FailureError) return { intent: 'other', failure: clean(thrown.failure) };
  return { intent: 'other', failure: clean(createFailure('tool_failed', toMessage(thrown), { detail: { tool } })) };
}

function clean(failure: Failure): Failure {
  const message = redactText(toSafeText(failure.message));
  const short = message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS)}...` : message;
  return { ...failure, message: short.toWellFormed() };
}

/** A thrown object without a prototype has no text, and asking for it throws once more. */
function toMessage(thrown: unknown): string {
  try {
    return messageOf(thrown);
  } catch {
    return 'it threw something that has no text';
  }
}
