import { type FindingLimits, mergeFindings } from '../extract/merge-findings.ts';
import { countTextTokens } from '../protocol/count-tokens.ts';
import { type CollectedFindings, DIGEST_LIMITS, joinFindings } from './collect-findings.ts';
import { formatNotes } from './page-notes.ts';
import { formatFailure, type ReadingState } from './read-conversation.ts';

const PAGE_LIMITS: FindingLimits = { titles: 2, kinds: 3, languages: 1, dates: 8, amounts: 8, names: 10, sentences: 2 };

function scale(limits: FindingLimits, factor: number): FindingLimits {
  const scaled = { ...limits };
  for (const key of Object.keys(scaled) as (keyof FindingLimits)[])
    scaled[key] = Math.max(1, Math.round(limits[key] * factor));
  return scaled;
}

/**
 * The stand-in's note on what it has read: one note per page not noted yet, and a digest of the pages before, so that
 * the newest turn alone carries every fact. `maxTokens` bounds it: with less room the digest gets coarser.
 */
export function writeNotes(state: ReadingState, collected: CollectedFindings, maxTokens: number): string {
  const totalPages = state.totalPages ?? 1;
  const noted = new Set(state.notes.flatMap((note) => note.pages));
  const fresh = [...state.texts.keys()].filter((page) => !noted.has(page)).sort((a, b) => a - b);
  const earlier = [...collected.known].filter((page) => !fresh.includes(page));
  const failures = [...state.failures].map(([page, failure]) => formatFailure(page, failure));
  let text = '';
  for (const factor of [1, 0.6, 0.3, 0.15]) {
    const parts: string[] = [];
    if (earlier.length > 0) {
      const byPage = new Map([...collected.byPage].filter(([page]) => !fresh.includes(page)));
      const findings = joinFindings({ ...collected, byPage }, scale(DIGEST_LIMITS, factor));
      parts.push(formatNotes({ pages: earlier, totalPages, digest: true, findings }));
    }
    for (const page of fresh) {
      const found = collected.byPage.get(page);
      if (found === undefined) continue;
      const findings = mergeFindings([found], scale(PAGE_LIMITS, factor));
      parts.push(formatNotes({ pages: [page], totalPages, digest: false, findings }));
    }
    text = [...parts, ...failures].join('\n\n');
    if (countTextTokens(text) <= maxTokens) break;
  }
  return text;
}
