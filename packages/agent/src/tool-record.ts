import type { Json } from '@nightshift/domain';
import type { ModelBlock } from '@nightshift/model';

/** A settled tool call as the journal keeps it: what the model reads. */
export interface ToolRecord {
  content: { type: 'text'; text: string }[];
  is_error: boolean;
  /** The output of a tool whose result is the task's answer. */
  direct?: Json;
}

export function toToolResultBlock(toolUseId: string, record: ToolRecord): ModelBlock {
  return {
    type: 'tool_result',
    tool_use_id: toolUseId,
    content: record.content.map((block) => ({ type: block.type, text: block.text })),
    ...(record.is_error ? { is_error: true } : {}),
  };
}

/** The result of a call in a message that did not stop to use tools: such a message was not meant to be acted upon. */
export function toNotRunBlock(toolUseId: string, stopReason: string): ModelBlock {
  const text = `This call did not run: your message ended with ${stopReason}, not with tool_use.`;
  return toToolResultBlock(toolUseId, { content: [{ type: 'text', text }], is_error: true });
}
