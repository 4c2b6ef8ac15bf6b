import { isTooDeep, type Json, MAX_JSON_DEPTH } from '@nightshift/domain';
import { type ProblemDetail, refuse } from './refuse.ts';
import { toPointer } from './to-pointer.ts';

/** The media type of a Content-Type header without its parameters, in lower case. */
export function mediaTypeOf(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** @throws RequestError unsupported_media_type unless the header says JSON in UTF-8 */
export function assertJsonContentType(header: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(header ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  if (mediaTypeOf(header) !== 'application/json' || (charset !== 'utf-8' && charset !== 'utf8')) {
    throw refuse('unsupported_media_type', 'Send the body as "Content-Type: application/json" in UTF-8.');
  }
}

/**
 * Parses a body. Depth is measured on the text, before anything recursive sees it.
 * @throws RequestError malformed_json, or invalid_request for a value that JSON in JavaScript would change silently
 */
export function parseJson(body: Buffer): Json {
  const text = decode(body);
  if (isTooDeep(text)) throw refuse('invalid_request', `The body nests deeper than ${MAX_JSON_DEPTH} levels.`);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw refuse('malformed_json', 'The body is not valid JSON.');
  }
  const problem = findUnsafeValue(value);
  if (problem) throw refuse('invalid_request', 'The body holds a value that cannot be kept as it is.', [problem]);
  return value;
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw refuse('malformed_json', 'The body is not valid UTF-8.');
  }
}

/**
 * The first number beyond what a double holds exactly (1e400 is read as Infinity and written as null, 2^53+1 changes),
 * or the key `__proto__`, which poisons whoever merges objects later.
 */
function findUnsafeValue(root: Json): ProblemDetail | undefined {
  const open: { value: Json; path: (string | number)[] }[] = [{ value: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'number' && !isExact(value)) {
      const detail = 'The number cannot be represented exactly. Send it as a string.';
      return { pointer: toPointer(path), detail, code: 'number_out_of_range' };
    }
    if (value === null || typeof value !== 'object') continue;
    if (Object.hasOwn(value, '__proto__')) {
      return { pointer: toPointer([...path, '__proto__']), detail: 'The key is not allowed.', code: 'forbidden_key' };
    }
    for (const [key, part] of Object.entries(value)) {
      if (part === null || typeof part === 'string' || typeof part === 'boolean') continue;
      open.push({ value: part, path: [...path, key] });
    }
  }
  return undefined;
}

function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 1e21);
}
