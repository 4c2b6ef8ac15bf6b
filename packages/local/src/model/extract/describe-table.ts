import type { AmountFact, SentenceFact } from './findings.ts';
import { parseNumber } from './parse-number.ts';
import { splitDelimited, type TextBlock } from './split-blocks.ts';

const MIN_ROWS = 3;
/** Share of the rows with the usual number of cells: less, and it is text with gaps. */
const MIN_REGULAR_SHARE = 0.6;
const NUMERIC = /^[-−]?[\d.,'’\s]*\d[\d.,'’\s]*(?:\s?[€$£%])?$/u;
/** Columns whose sum says nothing: keys, years, codes, prices per piece. */
const NO_SUM =
  /(?:^|[\s_])(?:id|nr|no|num\p{L}*|year|jahr|année|año|anno|code|zip|plz|phone|rate|price|preis|pos)(?:$|[\s_.])|%/iu;
const CURRENCY = /(?:^|[\s_([/])(eur|usd|gbp|chf|jpy|cad|aud|sek|nok|dkk|pln|czk|inr|cny|brl)(?:$|[\s_)\]/])|([€$£])/iu;
const SYMBOLS: Record<string, string> = { '€': 'EUR', $: 'USD', '£': 'GBP' };

/** A table read from the rows of a page; `head` is empty when no row names the columns. */
export interface Table {
  head: string[];
  rows: string[][];
}

/** The cells of one row, whatever divides them. */
export function splitCells(row: string): string[] {
  const bars = row.replace(/^\s*\||\|\s*$/gu, '');
  const mark = ['|', '\t', ';', ','].find((candidate) => bars.includes(candidate));
  return mark === undefined ? bars.trim().split(/ {3,}/u) : splitDelimited(bars, mark);
}

/** The table a page mainly is, or undefined when it is mainly something else. */
export function readTable(blocks: readonly TextBlock[]): Table | undefined {
  const rows = blocks.filter((block) => block.kind === 'row').map((block) => splitCells(block.text));
  const [first, ...rest] = rows;
  if (first === undefined || rows.length < MIN_ROWS || rows.length < blocks.length * 0.5) return undefined;
  if (!isRegular(rows)) return undefined;
  const named = first.filter((cell) => cell !== '').length >= 2 && first.every((cell) => !NUMERIC.test(cell));
  return named ? { head: first, rows: rest } : { head: [], rows };
}

/** Two or more cells in nearly every row, and mostly the same number of them. */
function isRegular(rows: readonly string[][]): boolean {
  const counts = new Map<number, number>();
  for (const { length } of rows) if (length >= 2) counts.set(length, (counts.get(length) ?? 0) + 1);
  return Math.max(0, ...counts.values()) >= rows.length * MIN_REGULAR_SHARE;
}

function readColumn({ rows }: Table, at: number): { cell: string; value: number }[] | undefined {
  const cells = rows.map((row) => row[at] ?? '').filter((cell) => cell !== '');
  if (cells.length < MIN_ROWS - 1 || !cells.every((cell) => NUMERIC.test(cell))) return undefined;
  return cells.map((cell) => {
    const value = parseNumber(cell.replace(/[^\d.,'’\s]/gu, '')) ?? 0;
    return { cell, value: /^[-−]/u.test(cell) ? -value : value };
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * Sentences about a table, which has none of its own: columns, rows, the sums of its numeric columns, the first row.
 * Only for the first page: the rows of a later one stand there without their heading.
 */
export function describeTable(table: Table, page: number): SentenceFact[] {
  if (page > 1) return [];
  const { head, rows } = table;
  const first = rows[0] ?? [];
  const columns = head.filter((cell) => cell !== '');
  const sums = head.flatMap((name, at) => {
    const column = NO_SUM.test(name) ? undefined : readColumn(table, at);
    return column === undefined ? [] : [`${name} ${round(column.reduce((sum, { value }) => sum + value, 0))}`];
  });
  const shape = columns.length > 0 ? `the columns ${columns.join(', ')}` : `${first.length} columns`;
  const total = sums.length === 0 ? '' : `; their sums: ${sums.slice(0, 4).join(', ')}`;
  const sentences = [`A table with ${shape}: ${rows.length} rows on page ${page}${total}.`];
  const cells = first.map((cell, at) => `${head[at] ?? ''} ${cell}`.trim());
  sentences.push(`First row: ${cells.join(', ').slice(0, 240)}.`);
  return sentences.map((text, at) => ({ text, score: 1.2 - at * 0.1, page }));
}

/** The cells of columns whose heading names a currency, as amounts; the largest first. */
export function findTableAmounts(table: Table): AmountFact[] {
  const facts = table.head.flatMap((name, at) => {
    const match = CURRENCY.exec(name);
    const currency = match?.[1]?.toUpperCase() ?? SYMBOLS[match?.[2] ?? ''];
    if (currency === undefined) return [];
    return (readColumn(table, at) ?? []).map(({ cell, value }) => ({
      text: cell,
      value,
      currency,
      weight: Math.min(3, Math.log10(1 + Math.abs(value)) / 2),
    }));
  });
  return facts.sort((a, b) => b.weight - a.weight);
}
