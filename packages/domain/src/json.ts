export type Json = string | number | boolean | null | Json[] | JsonObject;
export type JsonObject = { [key: string]: Json };

/** Deepest nesting accepted from outside: JSON.parse takes 200,000 levels but JSON.stringify overflows at about 9,000. */
export const MAX_JSON_DEPTH = 64;

/**
 * Whether JSON text nests deeper than `maxDepth`. A linear scan over the text, so that it can run before JSON.parse
 * (a 90 KB body of 45,000 brackets parses, and overflows the stack of whoever serialises it next).
 */
export function isTooDeep(text: string, maxDepth = MAX_JSON_DEPTH): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > maxDepth) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/**
 * Text as Postgres and models accept it: U+0000 becomes the visible U+2400, a lone surrogate becomes U+FFFD. Half an
 * emoji cut by a chunk boundary must never poison a task.
 */
export function toSafeText(text: string): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.includes('\u0000') ? wellFormed.replaceAll('\u0000', '\u2400') : wellFormed;
}

/** JSON text that Postgres `text` columns always accept: JSON.stringify escapes NUL and lone surrogates in ASCII. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** JSON with the keys of objects sorted at every level: the form in which inputs are hashed. */
export function toCanonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return toJsonText(value);
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(',')}]`;
  const entries = Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${toCanonicalJson(v)}`).join(',')}}`;
}
