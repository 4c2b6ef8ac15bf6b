import { MANUAL_PAGE } from './find-titles.ts';
import { DOCUMENT_KINDS, type DocumentKind, type Scored } from './findings.ts';
import { KIND_WORDS } from './kind-words.ts';
import type { TextBlock } from './split-blocks.ts';

/** A word repeated on every page says no more than a word said four times. */
const MAX_COUNT = 4;
const TITLE_FACTOR = 8;
/** Below this a document is of no particular kind. */
const MIN_SCORE = 5;
const MEDIA_TYPE_SCORE = 30;
/** How `read_document` begins each page of a table. */
const TABLE_SIZE = /^Table: \d+ rows x \d+ columns/u;
/** Said on the first page only, and divided by the number of pages like every score. */
const MANUAL_PAGE_SCORE = 120;

const SALUTATION =
  /^(?:dear|hello|hi|sehr geehrte|liebe|lieber|hallo|madame|monsieur|chère?|bonjour|estimad[oa]|querid[oa]|gentile|egregi[oa]|spett\.?|caro|cara|geachte|beste|prezad[oa])\b/imu;
const CLOSING =
  /\b(?:sincerely|(?:best|kind|warm) regards|yours (?:faithfully|truly)|mit (?:freundlichen|besten) grüßen|freundliche grüsse|cordialement|veuillez agréer|bien à vous|atentamente|un saludo|saludos cordiales|(?:cordiali|distinti) saluti|met vriendelijke groet|atenciosamente)\b/iu;
const MAIL_FIELD =
  /^(?:from|to|cc|subject|sent|date|von|an|betreff|gesendet|datum|de|à|objet|envoyé|para|asunto|fecha|da|a|oggetto|data)\s?:\s+\S/imu;

function countMatches(text: string, pattern: RegExp): number {
  return Math.min(MAX_COUNT, text.match(pattern)?.length ?? 0);
}

function scoreShape(
  text: string,
  blocks: readonly TextBlock[],
  add: (kind: DocumentKind, score: number) => void,
): void {
  const rows = blocks.filter((block) => block.kind === 'row').length;
  const prose = blocks.filter((block) => block.kind === 'prose').length;
  if (MANUAL_PAGE.test(blocks[0]?.text.replace(/\s+/gu, ' ') ?? '')) add('handbook', MANUAL_PAGE_SCORE);
  if (TABLE_SIZE.test(text)) add('table', MEDIA_TYPE_SCORE);
  if (rows >= 4 && rows > blocks.length * 0.6) add('table', prose === 0 ? 16 : 8);
  const head = text.slice(0, 800);
  const mailFields = head.split('\n').filter((line) => MAIL_FIELD.test(line)).length;
  if (mailFields >= 3 || (mailFields >= 2 && /\S+@\S+\.\w+/u.test(head))) add('email', 18);
  const salutes = SALUTATION.test(text.slice(0, 1_500));
  if (salutes || CLOSING.test(text)) add('letter', salutes && CLOSING.test(text) ? 22 : 4);
}

/** Adds what a title says, for each word in it that speaks for a kind. */
function scoreTitle(title: string, add: (kind: DocumentKind, score: number) => void): void {
  for (const [kind, words] of KIND_WORDS)
    for (const [pattern, weight] of words) if (title.search(pattern) >= 0) add(kind, weight * TITLE_FACTOR);
}

function createScores() {
  const scores = new Map<DocumentKind, number>();
  const add = (kind: DocumentKind, score: number) => scores.set(kind, (scores.get(kind) ?? 0) + score);
  const list = (): Scored[] =>
    [...scores]
      .filter(([, score]) => score > 0)
      .map(([kind, score]) => ({ text: kind, score }))
      .sort((a, b) => b.score - a.score);
  return { add, list };
}

/**
 * Scores how much the text of a page looks like each kind of document: weighted words in several languages and the
 * shape of the text. Best first; kinds at zero are left out.
 */
export function scoreKinds(text: string, blocks: readonly TextBlock[]): Scored[] {
  const { add, list } = createScores();
  for (const [kind, words] of KIND_WORDS)
    for (const [pattern, weight] of words) add(kind, countMatches(text, pattern) * weight);
  scoreShape(text, blocks, add);
  return list();
}

/** What is known of a whole document when its kind is decided; `kinds` are the page scores added up. */
export interface KindEvidence {
  kinds: readonly Scored[];
  pages: number;
  title: string;
  mediaType?: string;
}

/** The kind of a document: its average page, its title, and its media type where that settles it. */
export function decideKind({ kinds, pages, title, mediaType = '' }: KindEvidence): DocumentKind {
  const { add, list } = createScores();
  for (const { text, score } of kinds) {
    const kind = DOCUMENT_KINDS.find((name) => name === text);
    if (kind !== undefined) add(kind, score / Math.max(1, pages));
  }
  scoreTitle(title, add);
  if (mediaType === 'message/rfc822') add('email', MEDIA_TYPE_SCORE);
  // A name ending in .csv is not enough: prose is saved under it too.
  if (/csv|spreadsheet|excel|tab-separated/u.test(mediaType) && kinds.some(({ text }) => text === 'table'))
    add('table', MEDIA_TYPE_SCORE);
  const best = list()[0];
  return DOCUMENT_KINDS.find((kind) => kind === best?.text && best.score >= MIN_SCORE) ?? 'other';
}
