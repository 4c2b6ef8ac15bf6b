const DELIMITERS = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

export interface DelimiterHints {
  /** False when the text is only the beginning, so that its last line may be cut. */
  isWhole: boolean;
  /** True when the name or the media type says that it is a table. */
  isExpected: boolean;
}

const MAX_SAMPLE_LINES = 60;
/** Characters of a sample line beyond which counting adds nothing. */
const MAX_SAMPLE_CHARS = 100_000;
/** Without a hint, prose with one comma a line must not pass for a table. */
const MIN_UNEXPECTED_COLUMNS = 3;
const MIN_UNEXPECTED_ROWS = 5;
/** With one, rows may be ragged, but nearly all must have the delimiter: prose has lines without a comma. */
const MIN_DIVIDED_SHARE = 0.9;

/**
 * The delimiter with which nearly all lines have the same number of columns, undefined when the text is not a table.
 * Delimiters inside double quotes do not count. With a hint one row of two columns is enough.
 */
export function sniffDelimiter(text: string, hints: DelimiterHints): Delimiter | undefined {
  const lines = readSampleLines(text, hints.isWhole);
  if (lines.length === 0) return undefined;
  let best: { delimiter: Delimiter; score: number } | undefined;
  for (const delimiter of DELIMITERS) {
    const counts = lines.map((line) => countColumns(line, delimiter));
    const usual = findMode(counts);
    const agreeing = counts.filter((count) => count === usual).length / counts.length;
    if (usual < 2) continue;
    const isClear = usual >= MIN_UNEXPECTED_COLUMNS && agreeing === 1 && lines.length >= MIN_UNEXPECTED_ROWS;
    const divided = counts.filter((count) => count >= 2).length / counts.length;
    if (hints.isExpected ? divided < MIN_DIVIDED_SHARE : !isClear || isMarkdownTable(lines, delimiter)) continue;
    const score = agreeing * 100 + Math.min(usual, 50);
    if (best === undefined || score > best.score) best = { delimiter, score };
  }
  return best?.delimiter;
}

function readSampleLines(text: string, isWhole: boolean): string[] {
  const records: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length && records.length < MAX_SAMPLE_LINES; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) isQuoted = !isQuoted;
    // A quoted cell may contain line breaks; a stray quote must not swallow the file, hence the cap.
    const isBreak = char === 0x0a && (!isQuoted || i - start > MAX_SAMPLE_CHARS);
    if (!isBreak) continue;
    records.push(text.slice(start, i));
    start = i + 1;
    isQuoted = false;
  }
  const rest = text.slice(start, start + MAX_SAMPLE_CHARS);
  if (records.length < MAX_SAMPLE_LINES && (isWhole || records.length === 0)) records.push(rest);
  return records.map((line) => line.replace(/\r$/u, '')).filter((line) => line.trim() !== '');
}

function countColumns(line: string, delimiter: string): number {
  let columns = 1;
  let isQuoted = false;
  for (const char of line.slice(0, MAX_SAMPLE_CHARS)) {
    if (char === '"') isQuoted = !isQuoted;
    else if (char === delimiter && !isQuoted) columns++;
  }
  return columns;
}

function findMode(counts: number[]): number {
  const tally = new Map<number, number>();
  for (const count of counts) tally.set(count, (tally.get(count) ?? 0) + 1);
  return [...tally].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

function isMarkdownTable(lines: string[], delimiter: Delimiter): boolean {
  return delimiter === '|' && lines.some((line) => /^\s*\|?(?:\s*:?-{3,}:?\s*\|)+/u.test(line));
}
