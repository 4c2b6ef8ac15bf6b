import type { SentenceFact } from './findings.ts';
import { readContentWords } from './rank-sentences.ts';

/** Two sentences sharing more of their words than this say the same. */
const MAX_OVERLAP = 0.5;
const MAX_SUMMARY_CHARS = 1_200;

function isRepeat(words: ReadonlySet<string>, chosen: readonly ReadonlySet<string>[]): boolean {
  return chosen.some((other) => {
    const shared = [...words].filter((word) => other.has(word)).length;
    return shared / Math.max(1, Math.min(words.size, other.size)) > MAX_OVERLAP;
  });
}

/** Picks up to `max` sentences, the best ones that do not repeat each other, in reading order. */
export function pickSummary(sentences: readonly SentenceFact[], language: string, max: number): SentenceFact[] {
  const best = sentences
    .map((sentence, order) => ({ sentence, order }))
    .sort((a, b) => b.sentence.score - a.sentence.score);
  const chosen: { sentence: SentenceFact; order: number; words: ReadonlySet<string> }[] = [];
  let chars = 0;
  for (const { sentence, order } of best) {
    if (chosen.length >= max) break;
    const words = new Set(readContentWords(sentence.text, language));
    if (
      isRepeat(
        words,
        chosen.map((other) => other.words),
      ) ||
      chars + sentence.text.length > MAX_SUMMARY_CHARS
    )
      continue;
    chosen.push({ sentence, order, words });
    chars += sentence.text.length;
  }
  return chosen.sort((a, b) => a.sentence.page - b.sentence.page || a.order - b.order).map(({ sentence }) => sentence);
}
