import { ModelApiError } from './api-error.ts';
import { isRecord } from './is-record.ts';
import type { ThinkingLedger } from './sign-thinking.ts';
import type { WireBlock, WireMessage } from './wire-message.ts';

const ROLES = ['user', 'assistant', 'system'] as const;
const TOOL_USE_ID = /^[a-zA-Z0-9_-]+$/;
/** Block types a request may carry besides the ones checked field by field below. */
const OTHER_BLOCKS = [
  'image',
  'document',
  'search_result',
  'server_tool_use',
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'container_upload',
];
const KNOWN_BLOCKS = ['text', 'thinking', 'redacted_thinking', 'tool_use', 'tool_result', ...OTHER_BLOCKS];

function refuse(message: string): never {
  throw new ModelApiError('invalid_request_error', message);
}

function requireString(block: WireBlock, field: string, path: string): string {
  const value = block[field];
  if (value === undefined) refuse(`${path}.${block.type}.${field}: Field required`);
  if (typeof value !== 'string') refuse(`${path}.${block.type}.${field}: Input should be a valid string`);
  return value;
}

function requireRole(role: string, wanted: string, block: WireBlock, path: string): void {
  if (role !== wanted) refuse(`${path}: \`${block.type}\` blocks can only be in \`${wanted}\` messages`);
}

function validateToolResult(block: WireBlock, path: string): void {
  requireString(block, 'tool_use_id', path);
  const { content } = block;
  if (content === undefined || typeof content === 'string' || Array.isArray(content)) {
    if (block.is_error === true && (content === undefined || content.length === 0))
      refuse(`${path}.tool_result: content cannot be empty if \`is_error\` is true`);
  } else refuse(`${path}.tool_result.content: Input should be a valid list`);
  if (!Array.isArray(content)) return;
  for (const [at, part] of content.entries()) {
    if (!isRecord(part) || typeof part.type !== 'string')
      refuse(`${path}.tool_result.content.${at}: Input should be a valid dictionary`);
    if (part.type === 'text' && requireString(part as WireBlock, 'text', `${path}.tool_result.content.${at}`) === '')
      refuse('messages: text content blocks must be non-empty');
  }
}

function validateBlock(block: WireBlock, role: string, path: string, ledger: ThinkingLedger): void {
  switch (block.type) {
    case 'text': {
      const text = requireString(block, 'text', path);
      if (text === '') refuse('messages: text content blocks must be non-empty');
      if (text.trim() === '') refuse('messages: text content blocks must contain non-whitespace text');
      return;
    }
    case 'tool_use':
      requireRole(role, 'assistant', block, path);
      if (!TOOL_USE_ID.test(requireString(block, 'id', path)))
        refuse(`${path}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
      requireString(block, 'name', path);
      if (block.input === undefined) refuse(`${path}.tool_use.input: Field required`);
      if (!isRecord(block.input)) refuse(`${path}.tool_use.input: Input should be a valid dictionary`);
      return;
    case 'tool_result':
      requireRole(role, 'user', block, path);
      validateToolResult(block, path);
      return;
    case 'thinking':
      requireRole(role, 'assistant', block, path);
      if (!ledger.verify(requireString(block, 'thinking', path), requireString(block, 'signature', path)))
        refuse(`${path}: Invalid \`signature\` in \`thinking\` block`);
      return;
    case 'redacted_thinking':
      requireRole(role, 'assistant', block, path);
      if (requireString(block, 'data', path) === '') refuse(`${path}: Invalid \`data\` in \`redacted_thinking\` block`);
      return;
    default:
      if (!OTHER_BLOCKS.includes(block.type))
        refuse(
          `${path}: Input tag '${block.type}' found using 'type' does not match any of the expected tags: ${KNOWN_BLOCKS.map((name) => `'${name}'`).join(', ')}`,
        );
  }
}

function validateMessage(message: unknown, at: number, count: number, ledger: ThinkingLedger): WireMessage {
  if (!isRecord(message)) refuse(`messages.${at}: Input should be a valid dictionary`);
  const { role, content } = message;
  if (role === undefined) refuse(`messages.${at}.role: Field required`);
  const known = ROLES.find((name) => name === role);
  if (known === undefined) refuse(`messages.${at}.role: Input should be 'user', 'assistant' or 'system'`);
  if (content === undefined) refuse(`messages.${at}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content))
    refuse(`messages.${at}.content: Input should be a valid list`);
  if (content.length === 0 && !(at === count - 1 && known === 'assistant'))
    refuse(`messages.${at}: all messages must have non-empty content except for the optional final assistant message`);
  const blocks = typeof content === 'string' ? (content === '' ? [] : [{ type: 'text', text: content }]) : content;
  for (const [index, block] of blocks.entries()) {
    const path = `messages.${at}.content.${index}`;
    if (!isRecord(block)) refuse(`${path}: Input should be a valid dictionary`);
    if (typeof block.type !== 'string') refuse(`${path}.type: Field required`);
    if (known === 'system' && block.type !== 'text') refuse(`${path}: system messages may only contain text blocks`);
    validateBlock(block as WireBlock, known, path, ledger);
  }
  return { role: known, content: blocks as WireBlock[] };
}

/** Checks `messages` block by block (pairs of tool calls and results are checked apart). */
export function validateMessages(messages: unknown, ledger: ThinkingLedger): WireMessage[] {
  if (messages === undefined) refuse('messages: Field required');
  if (!Array.isArray(messages)) refuse('messages: Input should be a valid list');
  if (messages.length === 0) refuse('messages: at least one message is required');
  const valid = messages.map((message, at) => validateMessage(message, at, messages.length, ledger));
  if (valid[0]?.role !== 'user') refuse('messages: first message must use the "user" role');
  const last = valid[valid.length - 1];
  const lastBlock = last?.role === 'assistant' ? last.content[last.content.length - 1] : undefined;
  if (lastBlock?.type === 'text' && /\s$/u.test(String(lastBlock.text)))
    refuse('messages: final assistant content cannot end with trailing whitespace');
  return valid;
}
