import { ModelApiError } from './api-error.ts';
import { isRecord } from './is-record.ts';
import type { ThinkingLedger } from './sign-thinking.ts';
import { validateMessages } from './validate-content.ts';
import { validateToolPairs } from './validate-tool-pairs.ts';
import { validateToolChoice, validateTools } from './validate-tools.ts';
import { joinText, type WireBlock, type WireRequest } from './wire-message.ts';

/** Parameters of Anthropic SDK 1.11's `MessageCreateParams`, and the three sampling ones older clients still send. */
const KNOWN_FIELDS = new Set([
  ...['model', 'max_tokens', 'messages', 'system', 'stream', 'stop_sequences', 'tools', 'tool_choice', 'thinking'],
  ...['metadata', 'cache_control', 'container', 'diagnostics', 'inference_geo', 'output_config', 'service_tier'],
  ...['speed', 'user_profile_id', 'workspace_id', 'temperature', 'top_p', 'top_k', 'betas', 'context_management'],
]);

function refuse(message: string): never {
  throw new ModelApiError('invalid_request_error', message);
}

function validateMaxTokens(value: unknown): number {
  if (value === undefined) refuse('max_tokens: Field required');
  if (typeof value !== 'number' || !Number.isInteger(value)) refuse('max_tokens: Input should be a valid integer');
  if (value < 1) refuse('max_tokens: Input should be greater than or equal to 1');
  return value;
}

function validateSystem(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) refuse('system: Input should be a valid list');
  for (const [at, block] of value.entries()) {
    if (!isRecord(block) || block.type !== 'text' || typeof block.text !== 'string')
      refuse(`system.${at}: Input should be a valid text block`);
    if (block.text === '') refuse('system: text content blocks must be non-empty');
  }
  return joinText(value as WireBlock[]);
}

function validateStopSequences(value: unknown): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    refuse('stop_sequences: Input should be a valid list of strings');
  if (value.some((item) => String(item).trim() === ''))
    refuse('stop_sequences: each stop sequence must contain non-whitespace');
  return value as string[];
}

function validateThinking(value: unknown, maxTokens: number): void {
  if (value === undefined || !isRecord(value) || value.type !== 'enabled') return;
  if (typeof value.budget_tokens !== 'number') refuse('thinking.enabled.budget_tokens: Field required');
  if (value.budget_tokens < 1_024)
    refuse('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  if (value.budget_tokens >= maxTokens) refuse('`max_tokens` must be greater than `thinking.budget_tokens`.');
}

/**
 * Parses a `POST /v1/messages` body, or throws {@link ModelApiError} with the status and wording of the real API.
 * With `counting` it is a `count_tokens` body: `max_tokens` and `stream` are not parameters of that one.
 */
export function validateRequest(
  body: unknown,
  { ledger, counting = false }: { ledger: ThinkingLedger; counting?: boolean },
): WireRequest {
  if (!isRecord(body)) refuse('Input should be a valid dictionary');
  const unknownField = Object.keys(body).find((field) => !KNOWN_FIELDS.has(field));
  if (unknownField !== undefined) refuse(`${unknownField}: Extra inputs are not permitted`);
  if (body.model === undefined) refuse('model: Field required');
  if (typeof body.model !== 'string' || body.model === '') refuse('model: Input should be a valid string');
  const maxTokens = counting ? Number.MAX_SAFE_INTEGER : validateMaxTokens(body.max_tokens);
  if (body.stream !== undefined && typeof body.stream !== 'boolean') refuse('stream: Input should be a valid boolean');
  const system = validateSystem(body.system);
  const tools = validateTools(body.tools);
  const toolChoice = validateToolChoice(body.tool_choice, tools);
  const stopSequences = validateStopSequences(body.stop_sequences);
  validateThinking(body.thinking, maxTokens);
  const messages = validateMessages(body.messages, ledger);
  validateToolPairs(messages);
  const stream = body.stream === true;
  return { model: body.model, maxTokens, stream, system, messages, tools, toolChoice, stopSequences, raw: body };
}
