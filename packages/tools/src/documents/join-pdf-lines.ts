import { orderRightToLeft } from './order-right-to-left.ts';
import type { PdfLine, PdfTextRun } from './pdf-text-run.ts';

/** Baselines closer than this share of the font size are one line (superscripts, mixed fonts). */
const SAME_LINE = 0.45;
/** Gaps in shares of the font size: from the first on a space was meant, from the second on a column. */
const WORD_GAP = 0.15;
const COLUMN_GAP = 1.6;
/** Runs drawn upwards again, by share of all fragments, from which the drawing order is no reading order. */
const MAX_UPWARD_SHARE = 0.04;
/** A table drawn column by column consists of short fragments; columns of prose do not. */
const SHORT_FRAGMENT_CHARS = 28;
const CELL_SEPARATOR = '   ';

/**
 * Turns the runs of one page into lines in reading order. The order in which they were drawn is kept, because it keeps
 * columns of prose apart, unless it jumps upwards often with short pieces: then the page is a table drawn column by
 * column, or drawn in no order at all, and rows are put together by position.
 */
export function joinPdfLines(runs: readonly PdfTextRun[]): PdfLine[] {
  const visible = runs.filter((run) => run.text.trim() !== '' && !run.isRotated);
  const rotated = runs.filter((run) => run.text.trim() !== '' && run.isRotated);
  const fragments = groupByLine(visible);
  const ordered = isDrawnInOrder(fragments) ? fragments : groupByLine(sortByPosition(visible));
  const upright = ordered.map(toLine);
  // Rotated text is a stamp in the margin or a watermark: worth keeping, but not in the middle of a sentence.
  const aside = rotated.map((run) => toLine([run]));
  return [...upright, ...aside].filter((line) => line.text !== '');
}

/** Consecutive runs on one baseline, left to right. */
function groupByLine(runs: readonly PdfTextRun[]): PdfTextRun[][] {
  const lines: PdfTextRun[][] = [];
  let line: PdfTextRun[] = [];
  let reference: PdfTextRun | undefined;
  for (const run of runs) {
    if (reference !== undefined && isSameLine(reference, run)) {
      line.push(run);
      // Of a superscript and its word, the larger font has the line's baseline.
      if (run.size > reference.size) reference = run;
      continue;
    }
    line = [run];
    lines.push(line);
    reference = run;
  }
  return lines;
}

function isSameLine(a: PdfTextRun, b: PdfTextRun): boolean {
  return Math.abs(a.y - b.y) <= Math.max(a.size, b.size) * SAME_LINE;
}

function isDrawnInOrder(fragments: readonly PdfTextRun[][]): boolean {
  let upward = 0;
  for (let i = 1; i < fragments.length; i++) {
    const before = fragments[i - 1]?.[0];
    const now = fragments[i]?.[0];
    if (before !== undefined && now !== undefined && now.y < before.y - before.size * SAME_LINE) upward++;
  }
  if (upward <= Math.max(1, fragments.length * MAX_UPWARD_SHARE)) return true;
  const lengths = fragments.map((runs) => runs.reduce((sum, run) => sum + run.text.length, 0)).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return median > SHORT_FRAGMENT_CHARS;
}

function sortByPosition(runs: readonly PdfTextRun[]): PdfTextRun[] {
  const byBaseline = [...runs].sort((a, b) => a.y - b.y || a.x - b.x);
  return groupByLine(byBaseline).flatMap((line) => line.sort((a, b) => a.x - b.x));
}

function toLine(runs: readonly PdfTextRun[]): PdfLine {
  const sorted = orderRightToLeft(runs) ?? [...runs].sort((a, b) => a.x - b.x);
  let text = '';
  let cells = 1;
  let before: PdfTextRun | undefined;
  let size = 0;
  for (const run of sorted) {
    const gap = measureGap(before, run, sorted);
    const isGlued = text === '' || /\s$/u.test(text) || /^\s/u.test(run.text);
    if (text !== '' && gap > Math.max(size, run.size) * COLUMN_GAP) {
      text = `${text.trimEnd()}${CELL_SEPARATOR}`;
      cells++;
    } else if (!isGlued && Math.abs(gap) > run.size * WORD_GAP) {
      text += ' ';
    }
    text += run.text;
    before = run;
    size = Math.max(size, run.size);
  }
  return {
    text: toPlainLetters(text).trim(),
    cells,
    left: Math.min(...runs.map((run) => run.x)),
    right: Math.max(...runs.map((run) => run.x + run.width)),
    y: runs[0]?.y ?? 0,
    size,
  };
}

/**
 * The empty space on the side of a run that faces the one before it. Of a run further left that is the space up to its
 * neighbour, which is another than the one before it where foreign words stand in a line of Hebrew.
 */
function measureGap(before: PdfTextRun | undefined, run: PdfTextRun, line: readonly PdfTextRun[]): number {
  if (before === undefined) return Number.POSITIVE_INFINITY;
  if (run.x >= before.x) return run.x - (before.x + before.width);
  const starts = line.flatMap((other) => (other.x > run.x ? [other.x] : []));
  return Math.min(...starts) - (run.x + run.width);
}

/** Fonts draw Arabic and Hebrew letters by their shapes in a word, which have code points of their own. */
function toPlainLetters(text: string): string {
  return text.replace(/[\uFB1D-\uFDFF\uFE70-\uFEFC]+/gu, (shapes) => shapes.normalize('NFKC'));
}
