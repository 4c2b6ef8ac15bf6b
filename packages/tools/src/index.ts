export { type CatalogDeps, createCatalog } from './catalog/create-catalog.ts';
export { createPollyClient } from './catalog/speech/create-polly-client.ts';
export {
  DEFAULT_TOOL_RETRY,
  DEFAULT_TOOL_TIMEOUT_MS,
  defineTool,
  type ModelOutput,
  type OnUnknownOutcome,
  type Tool,
  type ToolAnnotations,
  type ToolBreakerOptions,
  type ToolDefinition,
  type Verification,
} from './define-tool.ts';
export { FatalToolError } from './errors/fatal-tool-error.ts';
export { RetryableToolError, type RetryableToolErrorOptions } from './errors/retryable-tool-error.ts';
export { ToolCallOverError } from './errors/tool-call-over-error.ts';
export { ToolDefinitionError } from './errors/tool-definition-error.ts';
export { ToolError } from './errors/tool-error.ts';
export {
  type CheckedToolCall,
  type CheckToolCallOptions,
  checkToolCall,
  MAX_TOOL_INPUT_BYTES,
  type PreparedToolCall,
  type RequestedToolCall,
} from './executor/check-tool-call.ts';
export { createRefusedOutcome, createUnknownOutcome, type NamedToolCall } from './executor/create-unrun-outcome.ts';
export { executeTool } from './executor/execute-tool.ts';
export { type ModelTool, toModelTools } from './executor/to-model-tools.ts';
export type { ToolCallScope, ToolQuestion } from './executor/tool-call-scope.ts';
export type { ToolExecutorDeps } from './executor/tool-executor-deps.ts';
export type { ModelText, ToolOutcome } from './executor/tool-outcome.ts';
export { createToolRegistry, type ToolRegistry } from './executor/tool-registry.ts';
export { type VerifiedCall, verifyCall } from './executor/verify-call.ts';
export {
  currentToolContext,
  NoToolContextError,
  runInToolContext,
  type ToolContext,
  type VerifyContext,
} from './tool-context.ts';
export type { ToolDatabase, ToolTransaction } from './tool-database.ts';
