import { isRecord } from '../protocol/is-record.ts';

/** Why a document cannot be read, as far as the words of the tool's error tell. */
export type ReadFailureCode =
  | 'encrypted'
  | 'damaged'
  | 'empty'
  | 'no_text_layer'
  | 'unsupported'
  | 'not_found'
  | 'unreadable';

/** What a `read_document` result tells. */
export type ReadResult =
  /** `shortened`: the runtime took the middle out to save context; an own note of the page knows more. */
  | { kind: 'text'; page?: number; totalPages?: number; text: string; shortened?: boolean }
  /** The runtime replaced the text to save context. */
  | { kind: 'stub' }
  | { kind: 'failed'; code: ReadFailureCode; message: string };

const MAX_REASON_CHARS = 300;
const MARKER = /^\s*\[page (\d+) of (\d+)[^\]]*\]\s*/iu;
const STUB = /^\s*[[(<](?:[^\]\n]{0,40}\b)?(?:truncated|pruned|omitted|cleared|removed|elided|dropped)\b/iu;
/** What the runtime leaves inside a page it shortened; not words of the document. */
const STUB_LINE = /^\s*\[[^\]\n]*\b(?:truncated|omitted|elided)\b[^\]\n]*\]\s*$/gimu;

const CODES: readonly (readonly [RegExp, ReadFailureCode])[] = [
  [/encrypt|password|passwor[dt]/iu, 'encrypted'],
  [/no[ _-]text|text[ _-]layer|scanned|image[ _-]only|ocr/iu, 'no_text_layer'],
  [/damaged|corrupt|malformed|broken|invalid (?:pdf|docx|zip|file)|cannot be parsed/iu, 'damaged'],
  [/\bempty\b|zero bytes|0 bytes/iu, 'empty'],
  [/unsupported|not supported|unknown media/iu, 'unsupported'],
  [/not[ _-]found|no such|unknown file|does not exist/iu, 'not_found'],
];

function parseJsonPage(text: string): ReadResult | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || typeof value.text !== 'string') return undefined;
    const total = [value.total_pages, value.page_count, value.pages].find((field) => typeof field === 'number');
    return {
      kind: 'text',
      text: value.text.replace(MARKER, ''),
      ...(typeof value.page === 'number' ? { page: value.page } : {}),
      ...(typeof total === 'number' ? { totalPages: total } : {}),
    };
  } catch {
    // Not JSON after all: a page may well begin with a brace.
    return undefined;
  }
}

/** Reads a result of `read_document`: `[page 3 of 12]` and the text, an error, or what the runtime left of it. */
export function parseReadResult(text: string, isError: boolean): ReadResult {
  if (isError) {
    const code = CODES.find(([pattern]) => pattern.test(text))?.[1] ?? 'unreadable';
    return { kind: 'failed', code, message: text.replace(/\s+/gu, ' ').trim().slice(0, MAX_REASON_CHARS) };
  }
  const marker = MARKER.exec(text);
  if (marker !== null) {
    const whole = text.slice(marker[0].length);
    const body = whole.replace(STUB_LINE, '');
    const shortened = body.length < whole.length ? { shortened: true } : {};
    return { kind: 'text', page: Number(marker[1]), totalPages: Number(marker[2]), text: body, ...shortened };
  }
  if (STUB.test(text)) return { kind: 'stub' };
  return parseJsonPage(text) ?? { kind: 'text', text: text.replace(STUB_LINE, '') };
}
