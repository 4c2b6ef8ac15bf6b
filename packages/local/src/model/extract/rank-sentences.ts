import type { SentenceFact } from './findings.ts';
import type { TextBlock } from './split-blocks.ts';
import { splitSentences } from './split-sentences.ts';
import { readStopwords } from './stopwords.ts';

/** TextRank compares every pair; beyond this many sentences the most frequent words choose who takes part. */
const MAX_RANKED = 160;
const ROUNDS = 20;
const DAMPING = 0.85;
const MIN_WORDS = 5;
const WEIGHTS = { rank: 0.4, frequency: 0.25, position: 0.2, title: 0.1, cue: 0.2, fact: 0.08 };

/** Words with which documents announce what matters, in five languages. */
const CUE =
  /(?<!\p{L})(?:agree[sd]?|shall|must|decided|resolved|total|because|therefore|in summary|in conclusion|root cause|purpose|we (?:show|propose|find)|effective|terminat\p{L}+|deadline|vereinbar\p{L}+|verpflichtet|beschlossen|beschließt|muss|müssen|ursache|daher|zusammenfassend|gegenstand|insgesamt|frist|convien\p{L}+|s['’]engage\p{L}*|doit|doivent|décid\p{L}+|objet|donc|en conclusion|cause|acuerdan?|deberá\p{L}*|debe|se compromete|decid\p{L}+|causa|objeto|por tanto|en total|si impegn\p{L}+|deve|devono|oggetto|pertanto|in sintesi|scopo)(?!\p{L})/iu;
const FACT = /\d{4}|[€$£¥]|\d+[.,]\d{2}\b|\b\d+ ?%/u;

interface Candidate {
  text: string;
  words: ReadonlySet<string>;
  order: number;
  prose: boolean;
}

/** Content words of a text, lower case; scripts without spaces give pairs of characters. */
export function readContentWords(text: string, language: string): string[] {
  const stopwords = readStopwords(language);
  const lower = text.toLowerCase();
  const spaceless = lower.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/gu) ?? [];
  const pairs = spaceless.slice(1).map((character, at) => `${spaceless[at]}${character}`);
  const words = (lower.match(/[\p{L}\p{M}][\p{L}\p{M}\d'’-]+/gu) ?? []).filter(
    (word) =>
      word.length > 2 && !stopwords.has(word) && !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Thai}]/u.test(word),
  );
  return [...words, ...pairs];
}

function isTellable(sentence: string, words: readonly string[]): boolean {
  const letters = sentence.match(/[\p{L}\p{M}]/gu)?.length ?? 0;
  return (
    words.length >= MIN_WORDS &&
    letters / sentence.length > 0.6 &&
    !/^[\p{Ll}]/u.test(sentence) &&
    !/:$/u.test(sentence)
  );
}

function collectCandidates(blocks: readonly TextBlock[], language: string): Candidate[] {
  const candidates: Candidate[] = [];
  for (const block of blocks) {
    if (block.kind === 'row' || block.kind === 'heading' || /^>/u.test(block.text)) continue;
    const sentences =
      block.kind === 'prose' || block.kind === 'item' ? splitSentences(block.text, language) : [block.text];
    for (const sentence of sentences) {
      const words = readContentWords(sentence, language);
      if (!isTellable(sentence, words)) continue;
      const ended = /[.!?。！？…]["”»“)]?$/u.test(sentence);
      candidates.push({
        text: sentence,
        words: new Set(words),
        order: candidates.length,
        prose: ended && block.kind !== 'field',
      });
    }
  }
  return candidates;
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared += 1;
  return shared;
}

/** PageRank over shared content words. */
function rank(candidates: readonly Candidate[]): number[] {
  const links = candidates.map((a) =>
    candidates.map((b) =>
      a === b ? 0 : overlap(a.words, b.words) / (Math.log(a.words.size + 1) + Math.log(b.words.size + 1)),
    ),
  );
  const sums = links.map((row) => row.reduce((sum, link) => sum + link, 0));
  let ranks = candidates.map(() => 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    ranks = ranks.map((_, to) =>
      ranks.reduce((sum, value, from) => {
        const out = sums[from] ?? 0;
        return out === 0 ? sum : sum + (DAMPING * value * (links[from]?.[to] ?? 0)) / out;
      }, 1 - DAMPING),
    );
  }
  return ranks;
}

function normalise(values: readonly number[]): number[] {
  const max = Math.max(...values, 1e-9);
  return values.map((value) => value / max);
}

/** Full stops and moderate length: fragments and monsters make poor summaries. */
function scoreLook({ text, prose }: Candidate): number {
  const length = text.length;
  const lengthScore = length < 40 ? -0.15 : length > 300 ? -0.15 : 0;
  return lengthScore + (prose ? 0.1 : -0.2);
}

/**
 * Scores the sentences of a text for a summary: TextRank, word frequency, position, words of the title, cue words,
 * facts. Returns every tellable sentence in reading order, scores around 0 to 1.
 */
export function rankSentences(
  blocks: readonly TextBlock[],
  { language, title, page }: { language: string; title: string; page: number },
): SentenceFact[] {
  const all = collectCandidates(blocks, language);
  const frequency = new Map<string, number>();
  for (const candidate of all) for (const word of candidate.words) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const weigh = (candidate: Candidate) =>
    [...candidate.words].reduce((sum, word) => sum + Math.log((frequency.get(word) ?? 0) + 0.5), 0) /
    Math.sqrt(candidate.words.size);
  const ranked = [...all]
    .sort((a, b) => weigh(b) - weigh(a))
    .slice(0, MAX_RANKED)
    .sort((a, b) => a.order - b.order);
  const ranks = normalise(rank(ranked));
  const frequencies = normalise(ranked.map(weigh));
  const titleWords = new Set(readContentWords(title, language));
  return ranked.map((candidate, at) => {
    const position = 1 / (1 + candidate.order * 0.35);
    const inTitle = titleWords.size === 0 ? 0 : overlap(candidate.words, titleWords) / titleWords.size;
    const score =
      WEIGHTS.rank * (ranks[at] ?? 0) +
      WEIGHTS.frequency * (frequencies[at] ?? 0) +
      WEIGHTS.position * position +
      WEIGHTS.title * inTitle +
      (CUE.test(candidate.text) ? WEIGHTS.cue : 0) +
      (FACT.test(candidate.text) ? WEIGHTS.fact : 0) +
      scoreLook(candidate);
    return { text: candidate.text, score, page };
  });
}
