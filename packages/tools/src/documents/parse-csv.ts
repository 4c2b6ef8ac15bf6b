import { parse } from 'csv-parse/sync';
import { decodeText, readCharsetParameter } from './decode-text.ts';
import type { DocumentSource, ParsedDocument, ParseLimits } from './document-source.ts';
import { type Delimiter, sniffDelimiter } from './sniff-delimiter.ts';
import { TARGET_PAGE_CHARS } from './split-pages.ts';

/** Longer cells are cut: one runaway cell must not push the rest of the table out of sight. */
const MAX_CELL_CHARS = 2_000;
/** Columns beyond this are left out, with a warning. */
const MAX_COLUMNS = 200;
const MAX_ROWS_PER_PAGE = 100;

const DELIMITER_NAMES: Record<Delimiter, string> = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' };

/**
 * Reads a table as pages of Markdown rows, each page with the header row, so that any page can be understood alone.
 * Every page begins with one line that says how large the whole table is and which rows follow.
 */
export function parseCsv(source: DocumentSource, limits: ParseLimits): ParsedDocument {
  const { text, warnings } = decodeText(source.bytes, readCharsetParameter(source.mediaType));
  const delimiter = sniffDelimiter(text, { isWhole: true, isExpected: true }) ?? ',';
  const records = readRecords(text, delimiter, warnings);
  const columns = Math.min(
    MAX_COLUMNS,
    records.reduce((most, row) => Math.max(most, row.length), 0),
  );
  const isRagged = records.some((row) => row.length !== records[0]?.length);
  if (isRagged) warnings.push('Not all rows have the same number of columns; missing cells were left blank.');
  const cut = cutCells(records, columns);
  if (cut > 0) warnings.push(`${cut} cell${cut === 1 ? ' was' : 's were'} too long and shortened.`);
  const hasHeader = isHeader(records[0] ?? []);
  const header = hasHeader ? (records[0] ?? []) : Array.from({ length: columns }, (_, i) => `column ${i + 1}`);
  if (!hasHeader) warnings.push('The first row looks like data, so the columns were numbered.');
  const rows = hasHeader ? records.slice(1) : records;
  const size = `Table: ${rows.length} rows x ${columns} columns (${DELIMITER_NAMES[delimiter]} separated).`;
  return { pages: layOut({ size, header, rows, columns }, limits.maxPages), hasOwnPages: true, warnings };
}

function readRecords(text: string, delimiter: Delimiter, warnings: string[]): string[][] {
  const options = {
    delimiter,
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
  };
  try {
    return parse(text, options);
  } catch {
    warnings.push('Its quotation marks do not match; every line was read as one row.');
    return parse(text, { ...options, quote: null });
  }
}

/** Cuts long cells and surplus columns in place; returns how many cells were cut. */
function cutCells(records: string[][], columns: number): number {
  let cut = 0;
  for (const row of records) {
    cut += Math.max(0, row.length - columns);
    row.length = Math.min(row.length, columns);
    for (const [i, cell] of row.entries()) {
      if (cell.length <= MAX_CELL_CHARS) continue;
      row[i] = `${cell.slice(0, MAX_CELL_CHARS)}…`;
      cut++;
    }
  }
  return cut;
}

/** A header names things: no blank, no number, no date, no name twice. */
function isHeader(row: string[]): boolean {
  const isNamed = row.every((cell) => cell !== '' && !/^[-+€$£]?\s?[\d.,/:%-]+\s?(?:€|%|EUR|USD)?$/u.test(cell));
  return isNamed && new Set(row).size === row.length;
}

interface Table {
  size: string;
  header: string[];
  rows: string[][];
  columns: number;
}

function layOut({ size, header, rows, columns }: Table, maxPages: number): string[] {
  const head = `${toRow(header, columns)}\n|${' --- |'.repeat(columns)}`;
  const pages: string[] = [];
  let start = 0;
  // One page more than allowed, so that the caller sees that there would have been more.
  do {
    const lines: string[] = [];
    let chars = size.length + head.length;
    while (start + lines.length < rows.length && lines.length < MAX_ROWS_PER_PAGE) {
      const line = toRow(rows[start + lines.length] ?? [], columns);
      if (lines.length > 0 && chars + line.length > TARGET_PAGE_CHARS) break;
      lines.push(line);
      chars += line.length + 1;
    }
    const span = rows.length === 0 ? 'No rows.' : `Rows ${start + 1} to ${start + lines.length}.`;
    pages.push(`${size} ${span}\n\n${[head, ...lines].join('\n')}`);
    start += Math.max(1, lines.length);
  } while (start < rows.length && pages.length <= maxPages);
  return pages;
}

function toRow(row: string[], columns: number): string {
  const cells = Array.from({ length: columns }, (_, i) => (row[i] ?? '').replace(/\s+/gu, ' ').replaceAll('|', '/'));
  return `| ${cells.join(' | ')} |`;
}
