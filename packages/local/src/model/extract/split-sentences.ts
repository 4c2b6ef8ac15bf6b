const MAX_SENTENCE_CHARS = 420;

/** Abbreviations after which a sentence goes on, in the languages the stand-in knows best. */
const ABBREVIATION =
  /(?:^|[\s(“"„«])(?:\p{L}|Mr|Mrs|Ms|Dr|Prof|Hr|Fr|Sr|Sra|Sig|Dott|Mme|Mlle|Ing|Dipl|St|Nr|No|Nos|N|Art|Abs|Ziff|Abb|Tab|Fig|Figs|Eq|Sec|Ch|Vol|pp|vs|ca|bzw|ggf|inkl|exkl|zzgl|usw|etc|vgl|evtl|sog|Tel|Str|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Okt|Nov|Dec|Dez|Mio|Mrd|Inc|Ltd|Corp|Co|e\.g|i\.e|z\.\s?B|d\.\s?h|u\.\s?a|i\.\s?d\.\s?R|S\.p\.A|S\.r\.l|S\.A|e\.V|al|approx|dept|núm|pág|art|cfr|ecc|p\.\s?ej|janv|févr|avr|juil)\.$/iu;

function continues(before: string, next: string): boolean {
  if (ABBREVIATION.test(before.trimEnd())) return true;
  // "am 3. März", "12. Sitzung": an ordinal number does not end a sentence.
  if (/(?:^|\s)\d{1,2}\.$/u.test(before.trimEnd())) return true;
  return /^[\p{Ll},;)]/u.test(next) && !/[!?…]["”»“]?\s*$/u.test(before);
}

/** Splits one paragraph into sentences. A paragraph without a full stop is one sentence; overlong ones are dropped. */
export function splitSentences(paragraph: string, language: string): string[] {
  const locale = language === 'und' ? 'en' : language;
  const segmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
  const sentences: string[] = [];
  for (const { segment } of segmenter.segment(paragraph)) {
    const last = sentences[sentences.length - 1];
    if (last !== undefined && continues(last, segment)) sentences[sentences.length - 1] = last + segment;
    else sentences.push(segment);
  }
  return sentences
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '' && sentence.length <= MAX_SENTENCE_CHARS);
}
