import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { isRecord } from './is-record.ts';

/** Runs without a space are cut at this length: the tokenizer's time grows with the square of a run. */
const MAX_RUN_CHARS = 120;
/** Remembered counts: a conversation is sent again in whole every turn, its old blocks are not counted twice. */
const MAX_REMEMBERED_TEXTS = 5_000;
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_TOOL = 8;
/** Anthropic's rule of thumb for a picture of ordinary size; a base64 body is not text. */
const TOKENS_PER_IMAGE = 1_600;

const LONG_RUN = new RegExp(`\\S{${MAX_RUN_CHARS}}(?=\\S)`, 'gu');
const remembered = new Map<string, number>();

/**
 * Tokens of one text by the o200k vocabulary. Not Claude's tokenizer (there is no public one); close enough to keep a
 * context budget honest, and the same for every call.
 */
export function countTextTokens(text: string): number {
  if (text === '') return 0;
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const count = countTokens(text.replace(LONG_RUN, '$& '), { disallowedSpecial: new Set() });
  if (remembered.size >= MAX_REMEMBERED_TEXTS) {
    const oldest = remembered.keys().next();
    if (!oldest.done) remembered.delete(oldest.value);
  }
  remembered.set(text, count);
  return count;
}

function countBlock(block: unknown): number {
  if (typeof block === 'string') return countTextTokens(block);
  if (!isRecord(block)) return 0;
  switch (block.type) {
    case 'text':
      return countTextTokens(String(block.text ?? ''));
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'tool_result':
      return TOKENS_PER_MESSAGE + countContent(block.content);
    case 'tool_use':
      return (
        TOKENS_PER_MESSAGE + countTextTokens(String(block.name)) + countTextTokens(JSON.stringify(block.input ?? {}))
      );
    default:
      return countTextTokens(JSON.stringify(block));
  }
}

function countContent(content: unknown): number {
  if (typeof content === 'string') return countTextTokens(content);
  if (!Array.isArray(content)) return 0;
  return content.reduce((sum: number, block) => sum + countBlock(block), 0);
}

/** Input tokens of a request body: system, tool schemas and every message. Tolerates malformed parts. */
export function countRequestTokens(body: Record<string, unknown>): number {
  const tools = Array.isArray(body.tools) ? body.tools : [];
  const messages = Array.isArray(body.messages) ? body.messages : [];
  return (
    countContent(body.system) +
    tools.reduce((sum: number, tool) => sum + TOKENS_PER_TOOL + countTextTokens(JSON.stringify(tool)), 0) +
    messages.reduce(
      (sum: number, message) => sum + TOKENS_PER_MESSAGE + (isRecord(message) ? countContent(message.content) : 0),
      0,
    )
  );
}

/** Output tokens of a content list. */
export function countOutputTokens(content: readonly unknown[]): number {
  return content.reduce((sum: number, block) => sum + countBlock(block), 0);
}
