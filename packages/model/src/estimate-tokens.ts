import type { ModelMessage, ModelToolSpec } from './model-message.ts';

/**
 * Tokens per character by kind of character, on the safe side of what tokenizers of today's models do: a Latin word is
 * about one token per 3.5 characters, digits and punctuation come in smaller pieces, other scripts in larger numbers.
 */
const LATIN_CHARS_PER_TOKEN = 3.6;
const DIGIT_CHARS_PER_TOKEN = 2;
const PUNCTUATION_CHARS_PER_TOKEN = 1.8;
const OTHER_SCRIPT_CHARS_PER_TOKEN = 1.4;
/** Role, separators, block frame. */
const TOKENS_PER_BLOCK = 6;
const TOKENS_PER_TOOL = 24;

/** Estimates the tokens of a text without a tokenizer: one pass over its characters. */
export function estimateTextTokens(text: string): number {
  let latin = 0;
  let digits = 0;
  let punctuation = 0;
  let other = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 32 || (code >= 97 && code <= 122) || (code >= 65 && code <= 90)) latin++;
    else if (code >= 48 && code <= 57) digits++;
    else if (code < 128) punctuation++;
    else if (code < 0x250) latin += 2;
    else other++;
  }
  return Math.ceil(
    latin / LATIN_CHARS_PER_TOKEN +
      digits / DIGIT_CHARS_PER_TOKEN +
      punctuation / PUNCTUATION_CHARS_PER_TOKEN +
      other / OTHER_SCRIPT_CHARS_PER_TOKEN,
  );
}

export function estimateMessageTokens(message: ModelMessage): number {
  return message.content.reduce((sum, block) => sum + TOKENS_PER_BLOCK + estimateTextTokens(toText(block)), 0);
}

export function estimateToolTokens(tools: readonly ModelToolSpec[]): number {
  return tools.reduce(
    (sum, tool) =>
      sum +
      TOKENS_PER_TOOL +
      estimateTextTokens(tool.name + tool.description) +
      estimateTextTokens(JSON.stringify(tool.inputSchema)),
    0,
  );
}

function toText(block: object): string {
  return 'text' in block && typeof block.text === 'string' ? block.text : JSON.stringify(block);
}
