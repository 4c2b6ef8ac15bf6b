import { type FoundWord, findWords } from './tokenize-words.ts';

/** Length of a snippet, without the marks of omission. */
export const SNIPPET_CHARS = 240;

/** The part of a page with the most of the terms that were found in it, on one line, with "…" where text was left out. */
export function cutSnippet(text: string, terms: ReadonlySet<string>, maxChars = SNIPPET_CHARS): string {
  const hits = [...findWords(text)].filter((word) => word.terms.some((term) => terms.has(term)));
  const center = findDensest(hits, maxChars);
  const start = toWordStart(text, Math.max(0, center - Math.floor(maxChars / 3)));
  const end = toWordEnd(text, Math.min(text.length, start + maxChars));
  const body = text.slice(start, end).replace(/\s+/gu, ' ').trim();
  return `${start > 0 ? '…' : ''}${body}${end < text.length ? '…' : ''}`;
}

/** Where the window begins that holds the most different terms; the first such window wins. */
function findDensest(hits: readonly FoundWord[], maxChars: number): number {
  let best = { start: 0, count: 0 };
  let last = 0;
  const inside = new Map<string, number>();
  for (const hit of hits) {
    while (last < hits.length && (hits[last]?.end ?? 0) - hit.start <= (maxChars * 2) / 3) {
      count(inside, hits[last]?.terms[0], 1);
      last++;
    }
    if (inside.size > best.count) best = { start: hit.start, count: inside.size };
    count(inside, hit.terms[0], -1);
  }
  return best.start;
}

function count(tally: Map<string, number>, term: string | undefined, step: number): void {
  if (term === undefined) return;
  const now = (tally.get(term) ?? 0) + step;
  if (now <= 0) tally.delete(term);
  else tally.set(term, now);
}

/** Words longer than this are cut rather than searched for their beginning. */
const MAX_WORD_CHARS = 30;

function toWordStart(text: string, index: number): number {
  for (let i = index; i > Math.max(0, index - MAX_WORD_CHARS); i--) if (/\s/u.test(text.charAt(i - 1))) return i;
  return index <= MAX_WORD_CHARS ? 0 : toCharacter(text, index);
}

function toWordEnd(text: string, index: number): number {
  if (index >= text.length) return text.length;
  for (let i = index; i > index - MAX_WORD_CHARS; i--) if (/\s/u.test(text.charAt(i))) return i;
  return toCharacter(text, index);
}

/** Never between the halves of a surrogate pair. */
function toCharacter(text: string, index: number): number {
  return /[\uDC00-\uDFFF]/.test(text.charAt(index)) ? index - 1 : index;
}
