import type { SentenceFact } from './findings.ts';
import { readContentWords } from './rank-sentences.ts';

/** Two sentences sharing more of their words than this say the same; the rest is taken if there is too little else. */
const OVERLAPS = [0.5, 0.85];
const MIN_SENTENCES = 2;

interface Choice {
  sentence: SentenceFact;
  order: number;
  words: ReadonlySet<string>;
}

function overlaps(words: ReadonlySet<string>, other: ReadonlySet<string>, limit: number): boolean {
  let shared = 0;
  for (const word of words) if (other.has(word)) shared += 1;
  return shared / Math.max(1, Math.min(words.size, other.size)) > limit;
}

/** Picks up to `max` sentences, the best ones that do not repeat each other, in reading order. */
export function pickSummary(
  sentences: readonly SentenceFact[],
  { language, max, maxChars }: { language: string; max: number; maxChars: number },
): SentenceFact[] {
  const best: Choice[] = sentences
    .map((sentence, order) => ({ sentence, order, words: new Set(readContentWords(sentence.text, language)) }))
    .sort((a, b) => b.sentence.score - a.sentence.score);
  const chosen: Choice[] = [];
  let chars = 0;
  for (const limit of OVERLAPS) {
    const enough = limit === OVERLAPS[0] ? max : Math.min(max, MIN_SENTENCES);
    for (const choice of best) {
      if (chosen.length >= enough) break;
      const { length } = choice.sentence.text;
      if (chosen.includes(choice) || chars + length > maxChars) continue;
      if (chosen.some((other) => overlaps(choice.words, other.words, limit))) continue;
      chosen.push(choice);
      chars += length;
    }
  }
  return chosen.sort((a, b) => a.sentence.page - b.sentence.page || a.order - b.order).map(({ sentence }) => sentence);
}
