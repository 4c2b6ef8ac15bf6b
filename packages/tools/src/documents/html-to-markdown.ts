import TurndownService from 'turndown';
import type { HtmlElement } from './html-element.ts';

/** A cell longer than this is layout, not data. */
const MAX_DATA_CELL_CHARS = 400;
/** Longer links are tracking addresses that say nothing to a reader. */
const MAX_LINK_CHARS = 100;

/** Turns a cleaned element into Markdown: headings, lists and tables stay, pictures and styling go. */
export function htmlToMarkdown(root: HtmlElement): string {
  const turndown = new TurndownService({
    headingStyle: 'atx',
    bulletListMarker: '-',
    codeBlockStyle: 'fenced',
    emDelimiter: '*',
    hr: '---',
  });
  // The text is read, not rendered: escapes would only put backslashes into names and amounts.
  turndown.escape = (text) => text;
  turndown.remove(['script', 'style', 'noscript', 'template', 'iframe', 'object']);
  turndown.addRule('picture', { filter: ['img', 'picture'], replacement: () => '' });
  turndown.addRule('link', { filter: ['a'], replacement: (content, node) => toLink(content, node) });
  turndown.addRule('dataTable', { filter: (node) => isDataTable(node), replacement: (_, node) => toTable(node) });
  const positions: ItemPositions = new Map();
  turndown.addRule('item', { filter: ['li'], replacement: (content, node) => toItem(content, node, positions) });
  return turndown.turndown(root as never);
}

function toLink(content: string, node: HtmlElement): string {
  const text = content.trim();
  const href = node.getAttribute('href')?.trim() ?? '';
  const isUseful = /^(?:https?:|mailto:)/iu.test(href) && href.length <= MAX_LINK_CHARS;
  if (text === '' || !isUseful || text.includes(href.replace(/^mailto:/iu, ''))) return content;
  return `${text} (${href.replace(/^mailto:/iu, '')})`;
}

/** Numbers of the items of the ordered lists met so far; counted once a list, since lists may be long. */
type ItemPositions = Map<HtmlElement, Map<HtmlElement, number>>;

function toItem(content: string, node: HtmlElement, positions: ItemPositions): string {
  const list = node.parentElement;
  const marker = list?.localName === 'ol' ? `${findNumber(list, node, positions)}. ` : '- ';
  const body = content
    .trim()
    .replace(/\n{2,}/gu, '\n')
    .replace(/\n/gu, `\n${' '.repeat(marker.length)}`);
  return body === '' ? '' : `${marker}${body}\n`;
}

function findNumber(list: HtmlElement, item: HtmlElement, positions: ItemPositions): number {
  let numbers = positions.get(list);
  if (numbers === undefined) {
    const start = Number.parseInt(list.getAttribute('start') ?? '', 10);
    const items = [...list.children].filter((child) => child.localName === 'li');
    numbers = new Map(items.map((child, i) => [child, (Number.isNaN(start) ? 1 : start) + i]));
    positions.set(list, numbers);
  }
  return numbers.get(item) ?? 1;
}

function isDataTable(node: HtmlElement): boolean {
  if (node.localName !== 'table' || node.querySelector('table') !== null) return false;
  const rows = readRows(node);
  const isWide = rows.some((row) => row.length >= 2);
  return isWide && rows.every((row) => row.every((cell) => cell.length <= MAX_DATA_CELL_CHARS));
}

function toTable(node: HtmlElement): string {
  const rows = readRows(node);
  const columns = Math.max(...rows.map((row) => row.length));
  const lines = rows.map((row) => `| ${padRow(row, columns).join(' | ')} |`);
  const rule = `|${' --- |'.repeat(columns)}`;
  return `\n\n${[lines[0], rule, ...lines.slice(1)].join('\n')}\n\n`;
}

function readRows(table: HtmlElement): string[][] {
  return [...table.querySelectorAll('tr')]
    .map((row) => [...row.children].filter((cell) => cell.localName === 'td' || cell.localName === 'th').map(readCell))
    .filter((row) => row.some((cell) => cell !== ''));
}

function readCell(cell: HtmlElement): string {
  return (cell.textContent ?? '').replace(/\s+/gu, ' ').trim().replaceAll('|', '/');
}

function padRow(row: string[], columns: number): string[] {
  return [...row, ...Array.from({ length: columns - row.length }, () => '')];
}
