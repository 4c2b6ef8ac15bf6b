import { francAll } from 'franc-min';
import { readStopwords, STOPWORD_LANGUAGES } from './stopwords.ts';

/** Fewer letters than this say nothing about a language. */
const MIN_LETTERS = 12;
/** How much of a text is looked at; more does not change the answer. */
const MAX_CHARS = 6_000;
const STOPWORD_WEIGHT = 3;
const MIN_SHARE = 0.06;
const MIN_SHARE_IN_TABLES = 0.15;
/** Below this, without a single function word, trigrams of a Latin script guess. */
const MIN_LETTERS_FOR_TRIGRAMS = 200;

/** Addresses, hashes and code: letters that belong to no language. */
const NOT_WORDS =
  /[\p{Script=Latin}\d._-]*[\d/_@#{}()<>=\\][^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]*/gu;

/** ISO 639-3 as franc says it, to ISO 639-1. Languages without a two-letter code are left out. */
const ISO_639_1: Record<string, string> = {
  ...{ cmn: 'zh', spa: 'es', eng: 'en', rus: 'ru', arb: 'ar', ben: 'bn', hin: 'hi', por: 'pt', ind: 'id', jpn: 'ja' },
  ...{ fra: 'fr', deu: 'de', jav: 'jv', kor: 'ko', tel: 'te', vie: 'vi', mar: 'mr', ita: 'it', tam: 'ta', tur: 'tr' },
  ...{ urd: 'ur', guj: 'gu', pol: 'pl', ukr: 'uk', kan: 'kn', mal: 'ml', pes: 'fa', fas: 'fa', mya: 'my', swh: 'sw' },
  ...{ sun: 'su', ron: 'ro', pan: 'pa', amh: 'am', hau: 'ha', fuv: 'ff', bos: 'bs', hrv: 'hr', nld: 'nl', srp: 'sr' },
  ...{ tha: 'th', ckb: 'ku', yor: 'yo', uzn: 'uz', zlm: 'ms', ibo: 'ig', npi: 'ne', tgl: 'tl', hun: 'hu', azj: 'az' },
  ...{ sin: 'si', ell: 'el', ces: 'cs', bel: 'be', plt: 'mg', nya: 'ny', pbu: 'ps', kin: 'rw', zul: 'zu', bul: 'bg' },
  ...{ swe: 'sv', lin: 'ln', som: 'so', kaz: 'kk', uig: 'ug', lit: 'lt', fin: 'fi', slk: 'sk', nob: 'no', dan: 'da' },
  ...{ heb: 'he', slv: 'sl', est: 'et', lav: 'lv', cat: 'ca', hat: 'ht', run: 'rn', tgk: 'tg', khm: 'km', sna: 'sn' },
};

/** Share of words that are function words of each language we have a list for. */
function shareOfStopwords(words: readonly string[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const language of STOPWORD_LANGUAGES) {
    const list = readStopwords(language);
    // Long lists contain content words too and would win by size alone.
    const fairness = Math.min(1, 250 / list.size + 0.4);
    const hits = words.filter((word) => list.has(word)).length;
    if (hits > 0) shares.set(language, (hits / words.length) * fairness);
  }
  return shares;
}

/** The language of a text as ISO 639-1, with the letters it is based on; `und` when nothing speaks for one. */
export function detectLanguage(text: string, { isTable = false } = {}): { language: string; letters: number } {
  const sample = text.slice(0, MAX_CHARS).replace(NOT_WORDS, ' ');
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  if (letters < MIN_LETTERS) return { language: 'und', letters };
  const all = sample.toLowerCase().match(/\p{L}{2,}/gu) ?? [];
  // A word in every row of a column says no more than one said once.
  const words = isTable ? [...new Set(all)] : all;
  const shares = shareOfStopwords(words);
  const latin = (sample.match(/\p{Script=Latin}/gu)?.length ?? 0) > letters / 2;
  if (latin && shares.size === 0 && letters < MIN_LETTERS_FOR_TRIGRAMS) return { language: 'und', letters };
  const scores = new Map<string, number>();
  for (const [code, score] of francAll(sample, { minLength: 3 })) {
    const language = ISO_639_1[code];
    if (language !== undefined && !scores.has(language)) scores.set(language, score);
  }
  for (const [language, share] of shares) scores.set(language, (scores.get(language) ?? 0) + share * STOPWORD_WEIGHT);
  // They share a script with Arabic, but have letters that Arabic does not know, and the other way round.
  if (/[ةىيك]/u.test(sample) && !/[پچژگکیٹڈے]/u.test(sample))
    for (const language of ['fa', 'ur', 'ps', 'ku', 'ug']) scores.delete(language);
  const best = [...scores].sort((a, b) => b[1] - a[1])[0];
  const language = best?.[0] ?? 'und';
  // Lists of names and codes have hardly a function word; prose in a language we have a list for has many.
  const listed = latin && STOPWORD_LANGUAGES.includes(language);
  return {
    language: listed && (shares.get(language) ?? 0) < (isTable ? MIN_SHARE_IN_TABLES : MIN_SHARE) ? 'und' : language,
    letters,
  };
}
