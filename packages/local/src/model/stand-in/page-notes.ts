import { DOCUMENT_KINDS, type Findings, NAME_TYPES, type NameType, type Scored } from '../extract/findings.ts';

/** Notes about some pages, as the stand-in writes them into its own text and reads them back. */
export interface PageNotes {
  pages: number[];
  totalPages: number;
  /** A digest joins all pages before; a note is about one page. */
  digest: boolean;
  findings: Findings;
}

const HEAD = /^(?:Page|So far, pages) ([\d, -]+) of (\d+):/u;
const SEPARATOR = ' ¦ ';
const SAYS = /^\s*Says \(p\. (\d+), (-?\d+)\): (.+)$/u;

/** "1-4, 7" for [1, 2, 3, 4, 7]. */
export function formatPages(pages: readonly number[]): string {
  const sorted = [...new Set(pages)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const page of sorted) {
    const last = runs[runs.length - 1];
    if (last !== undefined && page === last[1] + 1) last[1] = page;
    else runs.push([page, page]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}

function parsePages(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from, to] = part.split('-').map(Number);
    if (from === undefined || !Number.isInteger(from)) return [];
    const end = to === undefined || !Number.isInteger(to) ? from : to;
    return Array.from({ length: Math.max(0, end - from + 1) }, (_, at) => from + at);
  });
}

/** Keeps the marks of the notation out of quoted text. */
function quote(text: string): string {
  return text.replace(/[¦\n\r]+/gu, ' ').replace(/ ([=×])/gu, ' $1\u200b');
}

function unquote(text: string): string {
  return text.replace(/\u200b/gu, '').trim();
}

function writeField(name: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`  ${name}: ${items.join(SEPARATOR)}`];
}

function writeScored(items: readonly Scored[]): string[] {
  return items.map(({ text, score }) => `${quote(text)} ×${Math.round(score * 10) / 10}`);
}

/** Writes notes a person can follow and {@link parseNotes} can read: a heading and one line per kind of fact. */
export function formatNotes({ pages, totalPages, digest, findings }: PageNotes): string {
  const head = digest ? `So far, pages ${formatPages(pages)}` : `Page ${pages[0] ?? 0}`;
  return [
    `${head} of ${totalPages}:`,
    ...writeField('Title', writeScored(findings.titles)),
    ...writeField('Kind', writeScored(findings.kinds)),
    ...writeField('Language', writeScored(findings.languages)),
    ...writeField(
      'Dates',
      findings.dates.map(({ text, iso }) => quote(text) + (iso === undefined ? '' : ` = ${iso}`)),
    ),
    ...writeField(
      'Amounts',
      findings.amounts.map(({ text, value, currency, weight }) => {
        const read = value === undefined ? '' : ` = ${value}${currency === undefined ? '' : ` ${currency}`}`;
        return `${quote(text)}${read} ×${Math.round(weight * 10) / 10}`;
      }),
    ),
    ...writeField(
      'Names',
      findings.names.map(({ text, type, count }) => `${quote(text)} = ${type} ×${count}`),
    ),
    ...findings.sentences.map(
      ({ text, score, page }) => `  Says (p. ${page}, ${Math.round(score * 100)}): ${quote(text)}`,
    ),
  ].join('\n');
}

/** Splits "text = detail ×4" into its parts. */
function parseItem(item: string): { text: string; detail?: string; times: number } {
  const match = /^(.*?)(?: = (?!\u200b)(.*?))?(?: ×(?!\u200b)(-?[\d.]+))?$/u.exec(item);
  const detail = match?.[2];
  return {
    text: unquote(match?.[1] ?? item),
    ...(detail === undefined ? {} : { detail }),
    times: match?.[3] === undefined ? 1 : Number(match[3]),
  };
}

function parseField(line: string, findings: Findings): void {
  const says = SAYS.exec(line);
  if (says !== null) {
    findings.sentences.push({ page: Number(says[1]), score: Number(says[2]) / 100, text: unquote(says[3] ?? '') });
    return;
  }
  const field = /^\s+(Title|Kind|Language|Dates|Amounts|Names): (.+)$/u.exec(line);
  for (const item of (field?.[2] ?? '').split(SEPARATOR)) {
    if (item === '') continue;
    const { text, detail, times } = parseItem(item);
    const scored = { text, score: times };
    if (field?.[1] === 'Title') findings.titles.push(scored);
    else if (field?.[1] === 'Kind' && DOCUMENT_KINDS.some((kind) => kind === text)) findings.kinds.push(scored);
    else if (field?.[1] === 'Language') findings.languages.push(scored);
    else if (field?.[1] === 'Dates') findings.dates.push({ text, ...(detail === undefined ? {} : { iso: detail }) });
    else if (field?.[1] === 'Names') {
      const type: NameType = NAME_TYPES.find((name) => name === detail) ?? 'other';
      findings.names.push({ text, type, count: times });
    } else if (field?.[1] === 'Amounts') {
      const [value, currency] = (detail ?? '').split(' ');
      findings.amounts.push({
        text,
        ...(value === undefined || value === '' ? {} : { value: Number(value) }),
        ...(currency === undefined ? {} : { currency }),
        weight: times,
      });
    }
  }
}

/** Reads every note in a text; text that is no note is passed over. */
export function parseNotes(text: string): PageNotes[] {
  const notes: PageNotes[] = [];
  let open: PageNotes | undefined;
  for (const line of text.split('\n')) {
    const head = HEAD.exec(line);
    if (head !== null) {
      const findings: Findings = {
        titles: [],
        kinds: [],
        languages: [],
        dates: [],
        amounts: [],
        names: [],
        sentences: [],
      };
      open = {
        pages: parsePages(head[1] ?? ''),
        totalPages: Number(head[2]),
        digest: line.startsWith('So far'),
        findings,
      };
      notes.push(open);
    } else if (/^\s{2}\S/u.test(line) && open !== undefined) parseField(line, open.findings);
    else open = undefined;
  }
  return notes;
}
