import { TOTAL } from './find-amounts.ts';
import type { SentenceFact } from './findings.ts';
import type { TextBlock } from './split-blocks.ts';
import { splitSentences } from './split-sentences.ts';
import { readStopwords } from './stopwords.ts';

/** TextRank compares every pair; beyond this many sentences the most frequent words choose who takes part. */
const MAX_RANKED = 160;
const ROUNDS = 20;
const DAMPING = 0.85;
const MIN_WORDS = 5;
/** A short text has short sentences: they count where there are fewer of the usual length than this. */
const FEW_SENTENCES = 3;
const MIN_WORDS_IN_SHORT_TEXTS = 1;
const SHORT_PENALTY = 0.3;
/** Of a text without any sentence, so many lines are quoted: the items of a list, the rows of a table. */
const MAX_QUOTED_LINES = 3;
const MAX_QUOTED_CHARS = 200;
/** Rows of numbers are nothing to read out. */
const MIN_QUOTED_SHARE = 0.3;
const QUOTE_SCORE = 0.02;
/** The start of a document says what it is about; the start of a later page is an accident of layout. */
const LATER_PAGE_SHARE = 0.35;
/** What a long document is about is said early; details of later pages must be striking to make the summary. */
const NEAR_PAGE_FACTOR = 0.9;
const FAR_PAGE_FACTOR = 0.8;
const WEIGHTS = { rank: 0.4, frequency: 0.25, position: 0.3, title: 0.1, cue: 0.2, fact: 0.08 };

/** Words with which documents announce what matters, in five languages. */
const CUE =
  /(?<!\p{L})(?:agree[sd]?|shall|must|decided|resolved|total|because|therefore|in summary|in conclusion|root cause|purpose|we (?:show|propose|find)|effective|terminat\p{L}+|deadline|vereinbar\p{L}+|verpflichtet|beschlossen|beschließt|muss|müssen|ursache|daher|zusammenfassend|gegenstand|insgesamt|frist|convien\p{L}+|s['’]engage\p{L}*|doit|doivent|décid\p{L}+|objet|donc|en conclusion|cause|acuerdan?|deberá\p{L}*|debe|se compromete|decid\p{L}+|causa|objeto|por tanto|en total|si impegn\p{L}+|deve|devono|oggetto|pertanto|in sintesi|scopo)(?!\p{L})|決定|决定|必须|必須|应当|合計|合计|料は|金額|金额|代金|租金|支払|원인|결정/iu;
const SUMMARY =
  /^(?:\d+\.?\s+)?(?:executive )?(?:summary|abstract|overview|zusammenfassung|kurzfassung|überblick|résumé|synthèse|resumen|resumen ejecutivo|sintesi|riassunto|conclusions?|fazit|conclusiones|conclusioni)\b/iu;
const APPENDIX =
  /^(?:\d+\.?\s+)?(?:references|bibliography|appendix|annex|table of contents|contents|imprint|literatur\p{L}*|anhang|inhalt\p{L}*|impressum|bibliographie|annexes?|sommaire|bibliografía|anexo|índice|bibliografia|allegat\p{L}|indice)\b/iu;
/** Letterheads and address lines. */
const CONTACT = /@|\b(?:tel|fax|phone|iban|bic|https?|www)\b|\b\d{5} \p{Lu}/iu;
const MAIL_HEADER =
  /^(?:from|to|cc|bcc|subject|sent|date|reply-to|message-id|mime-version|content-type|von|an|betreff|gesendet|objet|envoyé|para|asunto|oggetto)\s?:/iu;
/** How an e-mail's attachments are listed. */
const ATTACHMENT = /\([\w.+-]+\/[\w.+-]+, \d+ bytes\)$/u;
const FACT = /\d{4}|[€$£¥]|\d+[.,]\d{2}\b|\b\d+ ?%/u;

interface Candidate {
  text: string;
  words: ReadonlySet<string>;
  order: number;
  prose: boolean;
  /** Under a heading such as "Summary" (1) or "References" (-1). */
  section: -1 | 0 | 1;
  /** Taken off the score of a sentence that is there only because the text is short. */
  penalty: number;
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

function isTellable(sentence: string, words: readonly string[], minWords: number): boolean {
  const letters = sentence.match(/[\p{L}\p{M}]/gu)?.length ?? 0;
  const minShare = minWords < MIN_WORDS ? 0.5 : 0.6;
  return (
    words.length >= minWords && letters / sentence.replace(/\s/gu, '').length > minShare && !/[:：]$/u.test(sentence)
  );
}

/** Quotations of an earlier mail, mail headers, lists of attachments. */
function isFurniture(text: string): boolean {
  return /^>|^Attachments:$/u.test(text) || MAIL_HEADER.test(text) || ATTACHMENT.test(text);
}

function collectCandidates(blocks: readonly TextBlock[], language: string, minWords: number): Candidate[] {
  const candidates: Candidate[] = [];
  let section: Candidate['section'] = 0;
  for (const block of blocks) {
    if (block.kind === 'heading') section = SUMMARY.test(block.text) ? 1 : APPENDIX.test(block.text) ? -1 : 0;
    if (block.kind === 'row' || block.kind === 'heading' || isFurniture(block.text)) continue;
    const sentences =
      block.kind === 'prose' || block.kind === 'item' ? splitSentences(block.text, language) : [block.text];
    for (const sentence of sentences) {
      const words = readContentWords(sentence, language);
      const ended = /[.!?。！？…]["”»“)]?$/u.test(sentence);
      const isTotal = block.kind === 'field' && TOTAL.test(sentence) && FACT.test(sentence);
      if ((!isTotal && !isTellable(sentence, words, minWords)) || (!ended && CONTACT.test(sentence))) continue;
      candidates.push({
        text: sentence,
        words: new Set(words),
        order: candidates.length,
        prose: ended && block.kind !== 'field',
        section,
        penalty: words.length < MIN_WORDS && !isTotal ? SHORT_PENALTY : 0,
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
  // Two sentences that share a word with each other and nobody else rank high among themselves: degree evens it out.
  const maxRank = Math.max(...ranks, 1e-9);
  const maxDegree = Math.max(...sums, 1e-9);
  return ranks.map((value, at) => Math.sqrt((value / maxRank) * ((sums[at] ?? 0) / maxDegree)));
}

function normalise(values: readonly number[]): number[] {
  const max = Math.max(...values, 1e-9);
  return values.map((value) => value / max);
}

/** Full stops and moderate length: fragments and monsters make poor summaries. */
function scoreLook({ text, prose, section }: Candidate, language: string): number {
  const words = text.match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];
  const capitals = words.filter((word) => /^\p{Lu}/u.test(word)).length;
  // Mostly names: a letterhead or a caption. German writes every noun that way.
  const nameScore = language !== 'de' && capitals > words.length / 2 ? -0.25 : 0;
  const length = text.length;
  const lengthScore = length < 40 ? -0.15 : length > 300 ? -0.15 : 0;
  const caseScore = /^\p{Ll}/u.test(text) ? -0.1 : 0;
  return lengthScore + nameScore + caseScore + section * 0.15 + (prose ? 0.1 : -0.35);
}

/** What a text without a sentence says first. A title alone is not said again. */
function quoteLines(blocks: readonly TextBlock[], page: number): SentenceFact[] {
  const lines = blocks.filter((block) => block.kind !== 'heading' && !isFurniture(block.text));
  return (lines.length === 0 ? blocks.filter((block) => block.kind === 'heading') : lines)
    .slice(0, MAX_QUOTED_LINES)
    .map(({ text }) =>
      text
        .replace(/\s*\|\s*/gu, ' ')
        .replace(/\s+/gu, ' ')
        .trim()
        .slice(0, MAX_QUOTED_CHARS),
    )
    .filter((text) => (text.match(/\p{L}/gu)?.length ?? 0) >= text.length * MIN_QUOTED_SHARE)
    .map((text, at) => ({ text, score: QUOTE_SCORE / (at + 1), page }));
}

/**
 * Scores the sentences of a text for a summary: TextRank, word frequency, position, words of the title, cue words,
 * facts. Returns every tellable sentence in reading order, scores around 0 to 1.
 */
export function rankSentences(
  blocks: readonly TextBlock[],
  { language, title, page }: { language: string; title: string; page: number },
): SentenceFact[] {
  const usual = collectCandidates(blocks, language, MIN_WORDS);
  const all = usual.length < FEW_SENTENCES ? collectCandidates(blocks, language, MIN_WORDS_IN_SHORT_TEXTS) : usual;
  if (all.length === 0) return quoteLines(blocks, page);
  const frequency = new Map<string, number>();
  for (const candidate of all) for (const word of candidate.words) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const weigh = (candidate: Candidate) =>
    [...candidate.words].reduce((sum, word) => sum + Math.log((frequency.get(word) ?? 0) + 0.5), 0) /
    Math.sqrt(candidate.words.size);
  const ranked = [...all]
    .sort((a, b) => weigh(b) - weigh(a))
    .slice(0, MAX_RANKED)
    .sort((a, b) => a.order - b.order);
  const ranks = rank(ranked);
  const frequencies = normalise(ranked.map(weigh));
  const titleWords = new Set(readContentWords(title, language));
  return ranked.map((candidate, at) => {
    const position = 1 / (1 + candidate.order * 0.35);
    const inTitle = titleWords.size === 0 ? 0 : overlap(candidate.words, titleWords) / titleWords.size;
    const score =
      WEIGHTS.rank * (ranks[at] ?? 0) +
      WEIGHTS.frequency * (frequencies[at] ?? 0) +
      WEIGHTS.position * position * (page === 1 ? 1 : LATER_PAGE_SHARE) +
      WEIGHTS.title * inTitle +
      (CUE.test(candidate.text) ? WEIGHTS.cue : 0) +
      (FACT.test(candidate.text) ? WEIGHTS.fact : 0) +
      scoreLook(candidate, language) -
      candidate.penalty;
    return {
      text: candidate.text,
      score: score * (page === 1 ? 1 : page <= 3 ? NEAR_PAGE_FACTOR : FAR_PAGE_FACTOR),
      page,
    };
  });
}
