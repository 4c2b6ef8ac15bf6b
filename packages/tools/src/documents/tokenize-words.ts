/** Letters and digits of any script, with the punctuation that numbers, names and references have inside. */
const WORD = /[\p{L}\p{M}\p{N}]+(?:[.,'’_/-][\p{L}\p{M}\p{N}]+)*/gu;
/** Scripts that are written without spaces: their words are found by pairs of characters. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

export interface FoundWord {
  /** Folded: lower case, without accents. */
  terms: string[];
  /** Position in the text, in UTF-16 units. */
  start: number;
  end: number;
}

/** Makes spellings equal that a person would type for one another: "Straße", "STRASSE"; "día", "dia". */
export function foldWord(word: string): string {
  return word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss').replaceAll('’', "'");
}

/** The words of a text with their positions. "RE-2026-0418" is found as a whole and by each of its parts. */
export function* findWords(text: string): Generator<FoundWord> {
  for (const match of text.matchAll(WORD)) {
    yield { terms: toTerms(foldWord(match[0])), start: match.index, end: match.index + match[0].length };
  }
}

/** All terms of a text, in order. */
export function tokenizeWords(text: string): string[] {
  const terms: string[] = [];
  for (const word of findWords(text)) terms.push(...word.terms);
  return terms;
}

function toTerms(word: string): string[] {
  if (UNSPACED.test(word)) return toPairs(word);
  const parts = word.split(/[.,'_/-]/u).filter((part) => part.length > 1);
  return parts.length > 1 ? [word, ...parts] : [word];
}

function toPairs(word: string): string[] {
  const characters = [...word];
  if (characters.length < 2) return [word];
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}
