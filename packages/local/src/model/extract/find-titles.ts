import type { Scored } from './findings.ts';
import { KIND_WORDS } from './kind-words.ts';
import type { TextBlock } from './split-blocks.ts';

/** Blocks at the top of the first page among which a title is looked for. */
const MAX_CANDIDATES = 14;
const MAX_TITLE_CHARS = 160;
/** What stands alone after the first sentences is a heading further down, or a signature. */
const AFTER_TEXT_PENALTY = 5;
const SENTENCE = /\p{Ll}{3}[.!?](?:\s+\p{Lu}|$)/u;
const TITLE_FIELD = /^(?:title|titel|titre|título|titolo)\s?:\s+(.+)$/iu;
const SUBJECT_FIELD = /^(?:subject|betreff|betrifft|objet|asunto|oggetto|onderwerp|assunto|re)\s?:\s+(.+)$/iu;
const ADDRESS =
  /@|https?:|www\.|\b(?:tel|fax|phone|iban|vat)\b|\b\d{4,5}\s+\p{Lu}|\b(?:street|straße|strasse|str\.|rue|avenue|calle|via|road)\b/iu;
const COMPANY = /\b(?:GmbH|AG|Ltd|LLC|Inc|S\.A\.|SARL|SAS|S\.r\.l\.|S\.p\.A\.|S\.L\.)\b/u;
const BOILERPLATE =
  /^(?:confidential|vertraulich|confidentiel|confidencial|riservato|draft|entwurf|internal|copy|original|table of contents|inhalt(?:sverzeichnis)?)$/iu;

/** The line a manual page begins with: "TAR(1)   GNU TAR Manual   TAR(1)". */
export const MANUAL_PAGE = /^([\p{L}\d_.+-]+\(\d\p{L}*\))\s.*\s\1$/iu;
/** Program text and markup are nobody's title. */
const CODE = /[{}<>;=\\]|":|\(\)|^(?:import|from|package|use|#include|def|class|const|let|var)\s/u;

/** "q3_incident-report.v2.pdf" -> "q3 incident report v2". */
export function toTitle(fileName: string): string {
  return fileName
    .replace(/\.[\p{L}\d]{1,5}$/u, '')
    .replace(/[_\-.]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

function scoreCandidate(block: TextBlock, at: number): number {
  const { text } = block;
  const words = text.split(/\s+/u).length;
  let score = block.kind === 'heading' ? 6 : block.kind === 'prose' ? 2.5 : 1;
  if (block.level === 1) score += at === 0 ? 7 : 4;
  score -= at * 0.35;
  if (text === text.toUpperCase() && text !== text.toLowerCase()) score += 0.5;
  if (words >= 2 && words <= 14) score += 1;
  if (/^(?:§\s*)?\d+(?:\.\d+)*\.?\s+\p{L}/u.test(text)) score -= 3;
  if (at < 6 && KIND_WORDS.some(([, patterns]) => patterns.some(([pattern]) => text.search(pattern) >= 0)))
    score += 2.5;
  if (ADDRESS.test(text)) score -= 4;
  if (COMPANY.test(text) && words <= 6) score -= 2.5;
  if (BOILERPLATE.test(text)) score -= 6;
  if (/[.,;]$/u.test(text) || words > 22) score -= 3;
  if (/:$/u.test(text)) score -= 1.5;
  if (/^\p{Ll}/u.test(text) || !/\p{L}{3}/u.test(text)) score -= 3;
  if (/^[\d\s./-]+$|^\p{L}+,?\s+(?:den\s+)?\d{1,2}[./]/u.test(text)) score -= 4;
  if (block.kind === 'row') score -= 4;
  if (CODE.test(text)) score -= 8;
  return score;
}

/** "tar(1)" and the line under NAME, "tar - an archiving utility", when the text is a manual page. */
function readManualName(blocks: readonly TextBlock[]): string | undefined {
  const name = MANUAL_PAGE.exec(blocks[0]?.text.replace(/\s+/gu, ' ') ?? '')?.[1];
  if (name === undefined) return undefined;
  const program = name.replace(/\(.*/u, '').toLowerCase();
  const line = blocks
    .slice(1, 5)
    .find(({ text }) => text.toLowerCase().startsWith(program) && /\s[-–—‐]+\s/u.test(text));
  return line?.text ?? name;
}

/** Candidates for the title, best first. The file name is the one of last resort, and for tables the best. */
export function findTitles(
  blocks: readonly TextBlock[],
  { page, fileName }: { page: number; fileName?: string },
): Scored[] {
  const titles: Scored[] = [];
  const add = (text: string, score: number) => {
    if (text.length >= 3 && text.length <= MAX_TITLE_CHARS) titles.push({ text, score });
  };
  const manual = page === 1 ? readManualName(blocks) : undefined;
  if (manual !== undefined) add(manual, 15);
  const text = blocks.findIndex(({ kind, text: words }) => kind === 'prose' && SENTENCE.test(words));
  for (const [at, block] of blocks.slice(0, MAX_CANDIDATES).entries()) {
    const title = TITLE_FIELD.exec(block.text)?.[1];
    const subject = SUBJECT_FIELD.exec(block.text)?.[1];
    if (title !== undefined) add(title.trim(), 14);
    else if (subject !== undefined) add(subject.trim(), at < 8 ? 13 : 6);
    else if (page === 1)
      add(
        block.text,
        scoreCandidate(block, at) - (text >= 0 && at > text && block.level === 0 ? AFTER_TEXT_PENALTY : 0),
      );
  }
  if (fileName !== undefined) add(toTitle(fileName), blocks[0]?.kind === 'row' ? 9 : 2);
  return titles
    .filter(({ score }) => score > 1)
    .sort((a, b) => b.score - a.score)
    .slice(0, 4);
}
