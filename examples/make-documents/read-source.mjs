import { readFileSync } from 'node:fs';

/**
 * Reads a source: front matter of `key: value` lines, then a small part of Markdown (headings, paragraphs of one line,
 * lists, tables, **bold**) as blocks that both renderers understand.
 */
export function readSource(path) {
  const text = readFileSync(path, 'utf8');
  const [, matter, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? [];
  if (matter === undefined) throw new Error(`${path} has no front matter`);
  const meta = Object.fromEntries(
    matter.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { meta, blocks: body.trim().split(/\n{2,}/).map(toBlock) };
}

function toBlock(part) {
  const heading = /^(#{1,3}) (.+)$/.exec(part);
  if (heading) return { type: 'heading', level: heading[1].length, text: heading[2] };
  const lines = part.split('\n');
  if (part.startsWith('|')) {
    const rows = lines.filter((line) => !/^\|[\s|:-]+\|$/.test(line));
    return { type: 'table', rows: rows.map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim())) };
  }
  const items = lines.map((line) => /^(?:[-*]|\d+\.) (.+)$/.exec(line)?.[1]);
  if (items.every((item) => item !== undefined)) return { type: 'list', isOrdered: /^\d/.test(part), items };
  return { type: 'paragraph', text: lines.join(' ') };
}
