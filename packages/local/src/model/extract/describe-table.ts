import type { SentenceFact } from './findings.ts';
import { parseNumber } from './parse-number.ts';
import type { TextBlock } from './split-blocks.ts';

const MIN_ROWS = 3;
const NUMERIC = /^[-−]?[\d.,'’\s]*\d[\d.,'’\s]*(?:\s?[€$£%])?$/u;

function splitCells(row: string): string[] {
  const bars = row.replace(/^\s*\||\|\s*$/gu, '');
  const mark = ['|', '\t', ';', ','].find((candidate) => bars.includes(candidate));
  const cells = mark === undefined ? bars.split(/ {3,}/u) : bars.split(mark);
  return cells.map((cell) => cell.trim().replace(/^"|"$/gu, ''));
}

function sumColumn(rows: readonly string[][], at: number): number | undefined {
  const values = rows.map((row) => row[at] ?? '').filter((cell) => cell !== '');
  if (values.length < MIN_ROWS || !values.every((cell) => NUMERIC.test(cell))) return undefined;
  const numbers = values.map((cell) => parseNumber(cell.replace(/[^\d.,'’\s]/gu, '')) ?? 0);
  const signed = numbers.map((number, index) => (/^[-−]/u.test(values[index] ?? '') ? -number : number));
  return Math.round(signed.reduce((sum, value) => sum + value, 0) * 100) / 100;
}

/** Columns whose sum says nothing: keys, years, codes. */
const NO_SUM = /\b(?:id|nr|no|num\p{L}*|year|jahr|année|año|anno|code|zip|plz|phone|rate|price|preis|%)\b/iu;

/**
 * Sentences about a table that has none of its own: its columns, its rows, the sums of its numeric columns. Empty when
 * the text is not mainly a table.
 */
export function describeTable(blocks: readonly TextBlock[], page: number): SentenceFact[] {
  const rows = blocks.filter((block) => block.kind === 'row').map((block) => splitCells(block.text));
  if (rows.length < MIN_ROWS || rows.length < blocks.length * 0.5) return [];
  const [head, ...body] = rows;
  if (head === undefined) return [];
  const named = head.every((cell) => !NUMERIC.test(cell)) && head.filter((cell) => cell !== '').length >= 2;
  const sentences = [
    named
      ? `A table of ${body.length} rows with the columns ${head.filter((cell) => cell !== '').join(', ')}.`
      : `A table of ${rows.length} rows with ${head.length} columns.`,
  ];
  const sums = named
    ? head.flatMap((name, at) => {
        const sum = NO_SUM.test(name) ? undefined : sumColumn(body, at);
        return sum === undefined ? [] : [`${name} ${sum}`];
      })
    : [];
  if (sums.length > 0) sentences.push(`Sums over these rows: ${sums.slice(0, 4).join(', ')}.`);
  const first = body[0];
  if (named && first !== undefined)
    sentences.push(
      `First row: ${head
        .map((name, at) => `${name} ${first[at] ?? ''}`.trim())
        .join(', ')
        .slice(0, 240)}.`,
    );
  return sentences.map((text, at) => ({ text, score: 1.2 - at * 0.1, page }));
}
