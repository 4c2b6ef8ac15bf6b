export { type AnthropicProviderOptions, createAnthropicProvider } from './anthropic-provider.ts';
export { estimateMessageTokens, estimateTextTokens, estimateToolTokens } from './estimate-tokens.ts';
export { findModelInfo, type ModelInfo, toCostUsd } from './model-info.ts';
export type {
  ModelBlock,
  ModelMessage,
  ModelProvider,
  ModelReply,
  ModelRequest,
  ModelStopReason,
  ModelToolCall,
  ModelToolSpec,
  ModelUsage,
  TurnListener,
} from './model-message.ts';
export { parseToolInput } from './parse-tool-input.ts';
export { toModelFailure } from './to-model-failure.ts';
export { DEFAULT_TURN_TIMEOUTS, type TurnTimeouts } from './turn-watchdog.ts';
