import { toTitle } from '../extract/find-titles.ts';
import type { DocumentKind, Findings, NameType } from '../extract/findings.ts';
import type { FindingLimits } from '../extract/merge-findings.ts';
import { pickSummary } from '../extract/pick-summary.ts';
import { decideKind } from '../extract/score-kinds.ts';
import { countTextTokens } from '../protocol/count-tokens.ts';
import { type CollectedFindings, joinFindings } from './collect-findings.ts';
import type { DocumentTask } from './find-document-task.ts';
import type { ReadFailure, ReadingState } from './read-conversation.ts';

/** Said in every result, so that nobody takes it for the work of a language model. */
export const GENERATED_BY = 'local-extractive-1 (a local extractive stand-in, not a language model)';

/** The final answer about a document. `error` is there only when it could not be read. */
export interface DocumentResult {
  title: string;
  kind: DocumentKind;
  /** ISO 639-1, or `und`. */
  language: string;
  summary: string[];
  dates: { text: string; iso?: string }[];
  amounts: { text: string; value?: number; currency?: string }[];
  names: { text: string; type: NameType }[];
  pages_read: number;
  brief_artifact_id: string | null;
  generated_by: string;
  error?: { code: string; message: string };
}

const MAX_SUMMARY_CHARS = 1_200;
const MAX_SUMMARY_SENTENCES = 5;
const RESULT_LIMITS: FindingLimits = {
  titles: 4,
  kinds: 6,
  languages: 3,
  dates: 20,
  amounts: 15,
  names: 20,
  sentences: 400,
};

/** Longer documents get longer summaries. */
function countSummarySentences(found: Findings, pages: number): number {
  if (pages >= 3 || found.sentences.length >= 18) return MAX_SUMMARY_SENTENCES;
  return found.sentences.length >= 8 ? 4 : 3;
}

/** The result from everything known by now. */
export function buildResult(
  state: ReadingState,
  collected: CollectedFindings,
  task: DocumentTask | undefined,
  limits = RESULT_LIMITS,
): DocumentResult {
  const found = joinFindings(collected, limits);
  const language = found.languages[0]?.text ?? 'und';
  const title = found.titles[0]?.text ?? (task?.name === undefined ? 'Untitled' : toTitle(task.name));
  const pages = collected.known.size;
  const max = countSummarySentences(found, pages);
  const summary = pickSummary(found.sentences, { language, max, maxChars: MAX_SUMMARY_CHARS });
  const media = task?.mediaType === undefined ? {} : { mediaType: task.mediaType };
  return {
    title,
    kind: decideKind({ kinds: found.kinds, pages, title, ...media }),
    language,
    summary: summary.length > 0 ? summary.map(({ text }) => text) : ['The text has no sentences to quote.'],
    dates: found.dates,
    amounts: found.amounts.map(({ weight: _weight, ...amount }) => amount),
    names: found.names.map(({ text, type }) => ({ text, type })),
    pages_read: pages,
    brief_artifact_id: state.speak.artifactId,
    generated_by: GENERATED_BY,
  };
}

const REASONS: Record<ReadFailure['code'], string> = {
  encrypted: 'it is encrypted and needs a password',
  damaged: 'the file is damaged',
  empty: 'it is empty',
  no_text_layer: 'it has no text layer (scanned pages, which this stand-in cannot see)',
  unsupported: 'this kind of file is not supported',
  not_found: 'the file was not found',
  unreadable: 'reading it failed',
};

/** The result for a document of which no page could be read: says so, and why. */
export function buildFailure(task: DocumentTask, failure: ReadFailure): DocumentResult {
  const name = task.name ?? task.fileId;
  return {
    title: toTitle(name),
    kind: 'other',
    language: 'und',
    summary: [
      `The document "${name}" could not be read: ${REASONS[failure.code]}.`,
      'No page was read, so nothing was extracted from it.',
    ],
    dates: [],
    amounts: [],
    names: [],
    pages_read: 0,
    brief_artifact_id: null,
    generated_by: GENERATED_BY,
    error: { code: failure.code, message: failure.message },
  };
}

/** The result as JSON within `maxTokens`: lists shrink before the answer would be cut off in the middle. */
export function formatResult(build: (limits: FindingLimits) => DocumentResult, maxTokens: number): string {
  let json = '';
  for (const factor of [1, 0.5, 0.25, 0.1]) {
    const limits = { ...RESULT_LIMITS };
    for (const key of ['dates', 'amounts', 'names'] as const) limits[key] = Math.round(RESULT_LIMITS[key] * factor);
    json = JSON.stringify(build(limits), null, 2);
    if (countTextTokens(json) <= maxTokens) break;
  }
  return json;
}
