import { readStopwords } from './stopwords.ts';

const MAX_SENTENCE_CHARS = 420;
const MAX_SEGMENTED_CHARS = 2_000;

/** Abbreviations after which a sentence goes on, in the languages the stand-in knows best. */
const ABBREVIATION =
  /(?:^|[\s(“"„«])(?:Mr|Mrs|Ms|Dr|Prof|Hr|Fr|Sr|Sra|Sig|Dott|Mme|Mlle|Ing|Dipl|St|Nr|No|Nos|N|Art|Abs|Ziff|Abb|Tab|Fig|Figs|Eq|Sec|Ch|Vol|pp|vs|ca|bzw|ggf|inkl|exkl|zzgl|usw|etc|vgl|evtl|sog|Tel|Str|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Okt|Nov|Dec|Dez|Mio|Mrd|Inc|Ltd|Corp|Co|e\.g|i\.e|z\.\s?B|d\.\s?h|u\.\s?a|i\.\s?d\.\s?R|S\.p\.A|S\.r\.l|S\.A|e\.V|al|approx|dept|núm|pág|art|cfr|ecc|p\.\s?ej|janv|févr|avr|juil)\.$/iu;

/** Languages that write ordinal numbers with a full stop: "am 3. März", "12. Sitzung". */
const DOTTED_ORDINALS = new Set(['de', 'da', 'no', 'fi', 'cs', 'sk', 'hu', 'et', 'lv', 'hr', 'sl', 'sr', 'pl', 'tr']);

/** The Unicode rules do not break before a number that a small letter follows: "... at dock 9. 2 lorries waited". */
const BEFORE_NUMBER = /(?<=[\p{Ll})][.!?] )(?=\d+ \p{Ll})/u;

function continues(before: string, next: string, language: string): boolean {
  const end = before.trimEnd();
  if (ABBREVIATION.test(end)) return true;
  // "J. Smith" goes on, "Schedule A. The ..." does not: a function word starts a sentence.
  const opens = readStopwords(language).has((/^\p{L}+/u.exec(next)?.[0] ?? '').toLowerCase());
  if (!opens && /(?:^|[\s.(])\p{Lu}\.$/u.test(end)) return true;
  if (!opens && DOTTED_ORDINALS.has(language) && /(?:^|\s)\d{1,2}\.$/u.test(end)) return true;
  return /^[\p{Ll},;)]/u.test(next) && !/[!?…]["”»“]?\s*$/u.test(before);
}

/**
 * Cuts an overlong paragraph, after white space where there is some: every segment the segmenter returns carries a copy
 * of its whole input, so a page of 90,000 characters without a line break would take gigabytes.
 */
function cutParagraph(paragraph: string): string[] {
  const parts: string[] = [];
  for (let at = 0; at < paragraph.length; ) {
    const rough = paragraph.slice(at, at + MAX_SEGMENTED_CHARS);
    const space = rough.length < MAX_SEGMENTED_CHARS ? -1 : rough.search(/\s\S*$/u);
    const part = space > 0 ? rough.slice(0, space + 1) : rough;
    parts.push(part);
    at += part.length;
  }
  return parts;
}

/** Splits one paragraph into sentences. A paragraph without a full stop is one sentence; overlong ones are dropped. */
export function splitSentences(paragraph: string, language: string): string[] {
  const locale = language === 'und' ? 'en' : language;
  const segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
  const sentences: string[] = [];
  const segments = cutParagraph(paragraph).flatMap((part) =>
    Array.from(segmenter.segment(part), ({ segment }) => segment.split(BEFORE_NUMBER)).flat(),
  );
  for (const segment of segments) {
    const last = sentences[sentences.length - 1];
    if (last !== undefined && continues(last, segment, language)) sentences[sentences.length - 1] = last + segment;
    else sentences.push(segment);
  }
  return sentences
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '' && sentence.length <= MAX_SENTENCE_CHARS);
}
