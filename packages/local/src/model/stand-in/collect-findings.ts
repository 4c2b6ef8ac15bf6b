import { analysePage } from '../extract/analyse-page.ts';
import type { Findings } from '../extract/findings.ts';
import { EMPTY_FINDINGS, type FindingLimits, mergeFindings } from '../extract/merge-findings.ts';
import type { DocumentTask } from './find-document-task.ts';
import type { PageNotes } from './page-notes.ts';
import type { ReadingState } from './read-conversation.ts';

/** Everything a long document's digest carries from turn to turn. */
export const DIGEST_LIMITS: FindingLimits = {
  titles: 3,
  kinds: 5,
  languages: 2,
  dates: 16,
  amounts: 16,
  names: 24,
  sentences: 8,
};

/** Lines at the top or bottom of pages that repeat are running heads, not content. */
const MIN_PAGES_FOR_HEADS = 3;
const MAX_HEAD_CHARS = 90;
const EDGE_LINES = 2;
const TABLE_ROW = /^\|.*\|$/u;

function edgeLines(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const edges = [...lines.slice(0, EDGE_LINES), ...lines.slice(-EDGE_LINES)];
  return [...new Set(edges)].filter((line) => line.length <= MAX_HEAD_CHARS && !TABLE_ROW.test(line));
}

/** Digits vary from page to page in a running head. A sentence must repeat word for word to be taken for one. */
function shapeOf(line: string): string {
  return /[.!?]$/u.test(line) ? line : line.replace(/\d+/gu, '#');
}

/** Takes running heads and feet off the pages, judging by the pages that can be seen. */
function dropRunningHeads(texts: ReadonlyMap<number, string>): Map<number, string> {
  const counts = new Map<string, number>();
  for (const text of texts.values())
    for (const shape of new Set(edgeLines(text).map(shapeOf))) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  const heads = new Set(
    [...counts].filter(([, count]) => count >= MIN_PAGES_FOR_HEADS && count > texts.size / 2).map(([shape]) => shape),
  );
  if (heads.size === 0) return new Map(texts);
  return new Map([...texts].map(([page, text]) => [page, dropEdges(text, page, heads)]));
}

/** Only at the edges of a page: all lines of a log or a table have one shape. The first page keeps its top. */
function dropEdges(text: string, page: number, heads: ReadonlySet<string>): string {
  const lines = text.split('\n');
  const filled = lines.flatMap((line, at) => (line.trim() === '' ? [] : [at]));
  const edges = new Set([...(page > 1 ? filled.slice(0, EDGE_LINES) : []), ...filled.slice(-EDGE_LINES)]);
  return lines.filter((line, at) => !(edges.has(at) && heads.has(shapeOf(line.trim())))).join('\n');
}

function latestDigest(notes: readonly PageNotes[]): PageNotes | undefined {
  return notes.filter((note) => note.digest).sort((a, b) => b.pages.length - a.pages.length)[0];
}

/** Findings by page where the page or its note is visible, and the digest for the pages before. */
export interface CollectedFindings {
  byPage: Map<number, Findings>;
  digest: PageNotes | undefined;
  /** Pages something is known of. */
  known: Set<number>;
}

/**
 * Brings together what is known of each page: its text if it is still there, else its note, else the digest. While
 * every page is visible the notes are not needed and not used.
 */
export function collectFindings(state: ReadingState, task: DocumentTask): CollectedFindings {
  const notedPages = new Set(state.notes.flatMap((note) => note.pages));
  const isWhole = (page: number) => state.texts.has(page) && !state.shortened.has(page);
  const allVisible = [...notedPages].every(isWhole);
  const digest = allVisible ? undefined : latestDigest(state.notes);
  const covered = new Set(digest?.pages ?? []);
  const byPage = new Map<number, Findings>();
  for (const note of allVisible ? [] : state.notes) {
    const page = note.pages[0];
    if (!note.digest && page !== undefined && !covered.has(page)) byPage.set(page, note.findings);
  }
  for (const [page, text] of dropRunningHeads(state.texts)) {
    if (covered.has(page) || (byPage.has(page) && !isWhole(page))) continue;
    const hints = page === 1 && task.name !== undefined ? { fileName: task.name } : {};
    byPage.set(page, analysePage({ text, page, ...hints }));
  }
  return { byPage, digest, known: new Set([...covered, ...byPage.keys()]) };
}

/** All findings as one, within limits. */
export function joinFindings({ byPage, digest }: CollectedFindings, limits: FindingLimits): Findings {
  const pages = [...byPage].sort(([a], [b]) => a - b).map(([, findings]) => findings);
  return mergeFindings([...(digest === undefined ? [] : [digest.findings]), ...pages, EMPTY_FINDINGS], limits);
}
