import { foldShortForms } from './find-names.ts';
import type { AmountFact, DateFact, Findings, NameFact, Scored, SentenceFact } from './findings.ts';
import { pickSummary } from './pick-summary.ts';

export const EMPTY_FINDINGS: Findings = {
  titles: [],
  kinds: [],
  languages: [],
  dates: [],
  amounts: [],
  names: [],
  sentences: [],
};

/** How much of each kind of finding is kept. */
export type FindingLimits = Record<keyof Findings, number>;

/** Sentences among which the best that differ are picked, for each one wanted. */
const CHOICE_FACTOR = 6;

function mergeScored(lists: readonly Scored[][], combine: (a: number, b: number) => number): Scored[] {
  const scores = new Map<string, number>();
  for (const { text, score } of lists.flat()) {
    const known = scores.get(text);
    scores.set(text, known === undefined ? score : combine(known, score));
  }
  return [...scores].map(([text, score]) => ({ text, score })).sort((a, b) => b.score - a.score);
}

function mergeDates(lists: readonly DateFact[][]): DateFact[] {
  const byKey = new Map<string, DateFact>();
  for (const date of lists.flat()) {
    const key = date.iso ?? date.text.toLowerCase();
    if (!byKey.has(key)) byKey.set(key, date);
  }
  return [...byKey.values()];
}

function mergeAmounts(lists: readonly AmountFact[][]): AmountFact[] {
  const byKey = new Map<string, AmountFact>();
  for (const amount of lists.flat()) {
    const key = amount.value === undefined ? amount.text : `${amount.value} ${amount.currency}`;
    const known = byKey.get(key);
    if (known === undefined || known.weight < amount.weight) byKey.set(key, amount);
  }
  return [...byKey.values()].sort((a, b) => b.weight - a.weight);
}

function mergeNames(lists: readonly NameFact[][]): NameFact[] {
  const byText = new Map<string, NameFact>();
  for (const name of lists.flat()) {
    const known = byText.get(name.text);
    if (known === undefined) byText.set(name.text, { ...name });
    else known.count += name.count;
  }
  return foldShortForms([...byText.values()]);
}

function mergeSentences(lists: readonly SentenceFact[][], max: number, language: string): SentenceFact[] {
  const byText = new Map<string, SentenceFact>();
  for (const sentence of lists.flat()) {
    const known = byText.get(sentence.text);
    if (known === undefined || known.score < sentence.score) byText.set(sentence.text, sentence);
  }
  const best = [...byText.values()].sort((a, b) => b.score - a.score).slice(0, max * CHOICE_FACTOR);
  const all = best.sort((a, b) => a.page - b.page);
  return all.length <= max ? all : pickSummary(all, { language, max, maxChars: Number.POSITIVE_INFINITY });
}

/** Joins the findings of several pages, keeping the best of each kind. */
export function mergeFindings(parts: readonly Findings[], limits: FindingLimits): Findings {
  const add = (a: number, b: number) => a + b;
  const languages = mergeScored(
    parts.map((part) => part.languages),
    add,
  );
  return {
    titles: mergeScored(
      parts.map((part) => part.titles),
      Math.max,
    ).slice(0, limits.titles),
    kinds: mergeScored(
      parts.map((part) => part.kinds),
      add,
    ).slice(0, limits.kinds),
    languages: languages.slice(0, limits.languages),
    dates: mergeDates(parts.map((part) => part.dates)).slice(0, limits.dates),
    amounts: mergeAmounts(parts.map((part) => part.amounts)).slice(0, limits.amounts),
    names: mergeNames(parts.map((part) => part.names)).slice(0, limits.names),
    sentences: mergeSentences(
      parts.map((part) => part.sentences),
      limits.sentences,
      languages[0]?.text ?? 'und',
    ),
  };
}
