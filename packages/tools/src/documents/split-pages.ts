/** A page of a document that has none of its own: short enough to quote, long enough to make sense alone. */
export const TARGET_PAGE_CHARS = 6_000;

/** From this fill on, a heading starts the next page rather than ending up at the foot of this one. */
const HEADING_BREAK_FILL = 0.6;

/**
 * Cuts running text into pages of about `targetChars` at paragraph boundaries. A paragraph longer than a page is cut at
 * a line, then a sentence, then a word, and only a word longer than a page inside itself (never inside a character).
 */
export function splitPages(text: string, targetChars = TARGET_PAGE_CHARS): string[] {
  const pages: string[] = [];
  let page = '';
  for (const block of text.split(/\n{2,}/u).flatMap((paragraph) => splitLongBlock(paragraph, targetChars))) {
    if (block.trim() === '') continue;
    const isFull = page.length + block.length + 2 > targetChars;
    const isHeadingLate = /^#{1,3} /u.test(block) && page.length > targetChars * HEADING_BREAK_FILL;
    if (page !== '' && (isFull || isHeadingLate)) {
      pages.push(page);
      page = '';
    }
    page = page === '' ? block : `${page}\n\n${block}`;
  }
  if (page !== '') pages.push(page);
  return pages;
}

function splitLongBlock(block: string, maxChars: number): string[] {
  const parts: string[] = [];
  let start = 0;
  while (block.length - start > maxChars) {
    const cut = findCut(block, start, start + maxChars);
    parts.push(block.slice(start, cut).trimEnd());
    start = cut;
  }
  parts.push(start === 0 ? block : block.slice(start).trimStart());
  return parts;
}

/** The best place to cut in the second half of the window `[start, end)`. */
function findCut(text: string, start: number, end: number): number {
  const earliest = start + Math.floor((end - start) / 2);
  const window = text.slice(earliest, end);
  const line = window.lastIndexOf('\n');
  if (line >= 0) return earliest + line + 1;
  const sentence = findLast(window, /[.!?。][)"'»”]?\s/gu);
  if (sentence >= 0) return earliest + sentence;
  const space = window.lastIndexOf(' ');
  if (space >= 0) return earliest + space + 1;
  const isInsidePair = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return isInsidePair ? end - 1 : end;
}

function findLast(text: string, pattern: RegExp): number {
  let end = -1;
  for (const match of text.matchAll(pattern)) end = match.index + match[0].length;
  return end;
}
