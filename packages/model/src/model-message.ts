import type { JsonObject } from '@nightshift/domain';
import type { ModelInfo } from './model-info.ts';

/**
 * A block of a message, as the Messages protocol writes it. Blocks of a model are kept verbatim, unknown fields included:
 * a thinking block that comes back changed in one byte is refused.
 */
export type ModelBlock = JsonObject & { type: string };

export interface ModelMessage {
  role: 'user' | 'assistant';
  content: ModelBlock[];
}

/** A tool as the model is told about it. */
export interface ModelToolSpec {
  name: string;
  description: string;
  inputSchema: JsonObject;
}

export interface ModelRequest {
  model: string;
  system: string;
  messages: ModelMessage[];
  tools: ModelToolSpec[];
  maxOutputTokens: number;
}

/** A call that the model asked for. `inputJson` is the text that arrived, to be parsed strictly by the gate. */
export interface ModelToolCall {
  toolUseId: string;
  name: string;
  inputJson: string;
}

/** Stop reasons we know what to do with; anything else fails closed. */
export const KNOWN_STOP_REASONS = [
  'end_turn',
  'tool_use',
  'max_tokens',
  'stop_sequence',
  'pause_turn',
  'refusal',
  'model_context_window_exceeded',
] as const;
export type ModelStopReason = (typeof KNOWN_STOP_REASONS)[number];

export interface ModelUsage {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheCreationTokens: number;
}

/** A reply that was received to its end (`message_stop`). */
export interface ModelReply {
  /** The model that answered, by its own word. */
  model: string;
  blocks: ModelBlock[];
  /** In source order; empty unless the stop reason is `tool_use`. */
  toolCalls: ModelToolCall[];
  stopReason: ModelStopReason;
  /** `max_tokens` was reached in a message with tool calls: none of them may run, one of them is cut. */
  truncatedToolCall: boolean;
  usage: ModelUsage;
  requestId: string | undefined;
  timeToFirstTokenMs: number | undefined;
}

/** What is heard while a reply arrives. Awaiting them is the back-pressure on the stream. */
export interface TurnListener {
  onText(block: number, text: string): Promise<void>;
  onTextEnd(block: number, text: string): Promise<void>;
  onThinking(block: number, text: string): Promise<void>;
  onThinkingEnd(block: number): Promise<void>;
}

export interface ModelProvider {
  /** Window, output limit and prices of a model; never fails, an unknown model gets careful numbers. */
  findInfo(model: string): ModelInfo;
  /** One call, streamed. Rejects with a FailureError, or with the signal's reason when that aborts. Never retries. */
  streamTurn(request: ModelRequest, options: { listener: TurnListener; signal: AbortSignal }): Promise<ModelReply>;
}
