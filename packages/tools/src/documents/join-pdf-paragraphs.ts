import type { PdfLine } from './pdf-text-run.ts';

/** Line pitch in shares of the usual pitch from which a new paragraph begins. */
const PARAGRAPH_PITCH = 1.3;
/** A line that ends further left than this share of the text's width was ended on purpose. */
const FULL_LINE_SHARE = 0.82;
/** A font this much larger or smaller starts something new (a heading, a footnote). */
const SIZE_STEP = 0.12;
/** What is this much larger than the line below it is a heading, and stands alone. */
const HEADING_STEP = 1.3;

/** Share of a page's lines that begin at the same place in the middle of the page when it has columns. */
const COLUMN_SHARE = 0.15;

const BULLET = /^[-–—•▪◦·*]\s/u;
/** Counts as an item only after the end of a sentence: "of 11.4,/16.8 and 11.4 metres" is no list. */
const NUMBERED = /^(?:\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s|§|\d+(?:\.\d+)+\.?\s|Art(?:icle|ikel|ículo|\.)\s)/iu;
/** "Vor- und Nachname": a hyphen that stands for a word part stays. */
const SUSPENDED_BEFORE = /^(?:und|oder|bis|sowie|bzw|and|or|to|et|ou|y|o|e)\b/iu;

/**
 * Joins lines into paragraphs: lines of running text with a space (and without the hyphen of a broken word), rows of
 * tables, list items, headings and short lines each on a line of their own, a blank line where the page has a gap.
 * @param vocabulary Words of the whole document, to tell a broken word from a compound that is always hyphenated.
 */
export function joinPdfParagraphs(lines: readonly PdfLine[], vocabulary: ReadonlySet<string>): string {
  const pitch = findUsualPitch(lines);
  const measure = createColumnMeasure(lines);
  let text = '';
  for (const [i, line] of lines.entries()) {
    const before = lines[i - 1];
    if (before === undefined) {
      text = line.text;
      continue;
    }
    const distance = line.y - before.y;
    const isGap = distance > Math.max(pitch, line.size) * PARAGRAPH_PITCH || distance < -line.size;
    const isResized = Math.abs(line.size - before.size) > Math.max(line.size, before.size) * SIZE_STEP;
    const isFull = measure(before) >= FULL_LINE_SHARE;
    const isTabular = line.cells > 1 || before.cells > 1;
    if (isGap && !continuesAcross(before, line, distance)) text += `\n\n${line.text}`;
    else if (isResized) text += `${before.size > line.size * HEADING_STEP ? '\n' : ''}\n${line.text}`;
    else if (isTabular || !isFull || isListItem(line, before)) text += `\n${line.text}`;
    else text = joinRunning(text, line.text, vocabulary);
  }
  return text;
}

function isListItem(line: PdfLine, before: PdfLine): boolean {
  return BULLET.test(line.text) || (NUMBERED.test(line.text) && /[.:;!?)]$/u.test(before.text));
}

/**
 * Says which share of its column a line fills. A page has a second column when a good part of its lines begins at one
 * place in the middle; lines that end before it are measured against the first column only.
 */
function createColumnMeasure(lines: readonly PdfLine[]): (line: PdfLine) => number {
  const left = Math.min(Number.POSITIVE_INFINITY, ...lines.map((line) => line.left));
  const right = Math.max(0, ...lines.map((line) => line.right));
  const starts = new Map<number, number>();
  for (const line of lines) {
    const start = Math.floor(line.left);
    if (line.cells === 1) starts.set(start, (starts.get(start) ?? 0) + 1);
  }
  const columnStarts = [...starts]
    .filter(
      ([start, count]) => start > left + (right - left) * 0.2 && count >= Math.max(5, lines.length * COLUMN_SHARE),
    )
    .map(([start]) => start)
    .sort((a, b) => a - b);
  return (line) => {
    const next = columnStarts.find((start) => start >= line.right);
    const own = columnStarts.findLast((start) => start <= line.left) ?? left;
    const inside =
      next === undefined ? right : Math.max(...lines.map((other) => (other.right <= next ? other.right : 0)));
    return (line.right - own) / Math.max(1, inside - own);
  };
}

/** A sentence that goes on at the top of the next column of the same page. */
function continuesAcross(before: PdfLine, line: PdfLine, distance: number): boolean {
  return distance < 0 && line.left > before.right && /[\p{Ll},-]$/u.test(before.text) && /^\p{Ll}/u.test(line.text);
}

function joinRunning(text: string, next: string, vocabulary: ReadonlySet<string>): string {
  const broken = /([\p{L}]+)[-\u00AD\u2010]$/u.exec(text);
  const rest = /^\p{Ll}[\p{L}]*/u.exec(next)?.[0];
  if (broken === null) return `${text} ${next}`;
  if (rest === undefined) return `${text}${next}`;
  if (SUSPENDED_BEFORE.test(next)) return `${text} ${next}`;
  const head = broken[1] ?? '';
  const isCompound = vocabulary.has(`${head}-${rest}`.toLowerCase()) && !vocabulary.has(`${head}${rest}`.toLowerCase());
  return isCompound ? `${text}${next}` : `${text.slice(0, -1)}${next}`;
}

/** The most frequent distance between a line and the next, in tenths of a point. */
function findUsualPitch(lines: readonly PdfLine[]): number {
  const tally = new Map<number, number>();
  for (let i = 1; i < lines.length; i++) {
    const distance = Math.round(((lines[i]?.y ?? 0) - (lines[i - 1]?.y ?? 0)) * 10) / 10;
    if (distance > 0) tally.set(distance, (tally.get(distance) ?? 0) + 1);
  }
  return [...tally].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 0;
}

/** Words of a document's lines, whole ones only: those broken at a line's end do not count. */
export function readVocabulary(pages: readonly (readonly PdfLine[])[]): Set<string> {
  const words = new Set<string>();
  for (const line of pages.flat()) {
    for (const match of line.text.matchAll(/\p{L}+(?:-\p{L}+)*(?![\p{L}-])/gu)) words.add(match[0].toLowerCase());
  }
  return words;
}
