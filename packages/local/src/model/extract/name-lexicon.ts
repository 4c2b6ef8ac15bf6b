import nlp from 'compromise';
import { isRecord } from '../protocol/is-record.ts';

const FIRST_NAME = new Set(['FirstName', 'MaleName', 'FemaleName', 'Person']);
const PLACE = new Set(['City', 'Country', 'Region', 'Place']);

/** Regions whose ICU name is a common word or a common first name in some language. */
const AMBIGUOUS_REGIONS = new Set(['JE', 'GG', 'TD', 'ML', 'OM', 'NU', 'GE', 'JO', 'TG']);

let lexicon: Record<string, unknown> | undefined;
const countries = new Map<string, ReadonlySet<string>>();

/** compromise's own word list (about 14,000 words with a tag); it also knows names from outside English. */
function readTag(word: string): string | undefined {
  if (lexicon === undefined) {
    const model: unknown = nlp.model();
    const one = isRecord(model) ? model.one : undefined;
    lexicon = isRecord(one) && isRecord(one.lexicon) ? one.lexicon : {};
  }
  const plain = word.toLowerCase();
  const tag = lexicon[plain] ?? lexicon[plain.normalize('NFD').replace(/\p{M}/gu, '')];
  return typeof tag === 'string' ? tag : undefined;
}

export function isFirstName(word: string): boolean {
  return FIRST_NAME.has(readTag(word) ?? '');
}

function readCountries(language: string): ReadonlySet<string> {
  const known = countries.get(language);
  if (known !== undefined) return known;
  const names = new Set<string>();
  const display = new Intl.DisplayNames([language === 'und' ? 'en' : language], { type: 'region', fallback: 'none' });
  for (let first = 65; first <= 90; first += 1) {
    for (let second = 65; second <= 90; second += 1) {
      const code = String.fromCharCode(first, second);
      const name = AMBIGUOUS_REGIONS.has(code) ? undefined : display.of(code);
      if (name !== undefined) names.add(name);
    }
  }
  countries.set(language, names);
  return names;
}

/** A country in the language of the document (from ICU), or a city or region the lexicon knows. */
export function isPlace(name: string, language: string): boolean {
  return readCountries(language).has(name) || PLACE.has(readTag(name) ?? '');
}
