import * as lists from 'stopword';

const BY_LANGUAGE: Record<string, readonly string[]> = {
  ar: lists.ara,
  cs: lists.ces,
  da: lists.dan,
  de: lists.deu,
  el: lists.ell,
  en: lists.eng,
  es: lists.spa,
  fi: lists.fin,
  fr: lists.fra,
  he: lists.heb,
  hi: lists.hin,
  hu: lists.hun,
  it: lists.ita,
  ja: lists.jpn,
  ko: lists.kor,
  nl: lists.nld,
  no: lists.nob,
  pl: lists.pol,
  pt: lists.por,
  ro: lists.ron,
  ru: lists.rus,
  sv: lists.swe,
  tr: lists.tur,
  uk: lists.ukr,
  zh: lists.zho,
};

/** Languages (ISO 639-1) there is a list of function words for. */
export const STOPWORD_LANGUAGES = Object.keys(BY_LANGUAGE);

const sets = new Map<string, ReadonlySet<string>>();

/** The function words of a language, lower case; empty for a language without a list. */
export function readStopwords(language: string): ReadonlySet<string> {
  const known = sets.get(language);
  if (known !== undefined) return known;
  const set = new Set((BY_LANGUAGE[language] ?? []).map((word) => word.toLowerCase()));
  sets.set(language, set);
  return set;
}
