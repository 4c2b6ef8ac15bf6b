import { stripVTControlCharacters } from 'node:util';

/** C0, DEL and C1, but for tab and newline. */
const CONTROLS = /(?![\t\n])\p{Cc}/gu;
/**
 * Characters that show a person something else than a model reads: bidirectional overrides, zero-width marks and the
 * "tag" block in which whole sentences can be hidden. Zero-width joiners stay: scripts and emoji need them.
 */
const INVISIBLE = /[\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]|[\u{E0000}-\u{E007F}]/gu;
const LINE_BREAKS = /\r\n?|[\v\u0085\u2028\u2029]/gu;
const MANY_BLANK_LINES = /\n{3,}/gu;

const NUL = '\u0000';
const SYMBOL_FOR_NUL = '\u2400';
const MAX_TITLE_CHARS = 200;

/**
 * Makes text from a stranger's document safe to store in Postgres (no NUL, no lone surrogates), to print on a terminal
 * (no control characters or escape sequences) and honest to a model (nothing that a person would not see). A NUL is
 * shown as U+2400, because a document that contains one is worth noticing.
 */
export function cleanText(text: string): string {
  return (
    stripVTControlCharacters(text.toWellFormed())
      .replace(LINE_BREAKS, '\n')
      .replaceAll('\f', '\n\n')
      .replaceAll(NUL, SYMBOL_FOR_NUL)
      .replace(CONTROLS, '')
      .replace(INVISIBLE, '')
      .normalize('NFC')
      .split('\n')
      // Not by a regular expression: on a megabyte of spaces it would search from every one of them to the end.
      .map((line) => line.trimEnd())
      .join('\n')
      .replace(MANY_BLANK_LINES, '\n\n')
      .replace(/^\n+|\n+$/gu, '')
  );
}

/** The same for a title: one line, at most 200 characters; undefined when nothing is left. */
export function cleanTitle(title: string | null | undefined): string | undefined {
  const line = cleanText(title ?? '')
    .replace(/\s+/gu, ' ')
    .trim();
  return line === '' ? undefined : [...line].slice(0, MAX_TITLE_CHARS).join('');
}
