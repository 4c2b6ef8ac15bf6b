import Table from 'cli-table3';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const;

export interface PlainColumn {
  /** Characters of the text; the gap to the next column comes on top. */
  readonly width: number;
  readonly align?: 'left' | 'right';
}

/** Cells in columns without lines between them, cut to their widths as a terminal measures them; one line a row. */
export function renderPlainTable(columns: readonly PlainColumn[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 1, head: [], border: [], compact: true },
    colWidths: columns.map(({ width }) => width + 1),
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  for (const row of rows) table.push([...row]);
  return table.toString().split('\n');
}
