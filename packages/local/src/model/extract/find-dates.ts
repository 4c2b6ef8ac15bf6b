import * as chrono from 'chrono-node';
import { findMonthDates } from './find-month-dates.ts';
import type { DateFact } from './findings.ts';
import { toLatinDigits } from './to-latin-digits.ts';

/** Stretches of text handed to the parser around each digit; parsing whole pages costs ten times as much. */
const CONTEXT_CHARS = 30;
const MAX_STRETCH_CHARS = 400;
const MAX_DATES = 40;

interface DateParser {
  parse(text: string, reference?: Date, option?: { forwardDate?: boolean }): chrono.ParsedResult[];
}

const PARSERS: Record<string, DateParser> = {
  ...{ ar: chrono.ar, de: chrono.de, en: chrono.en, es: chrono.es, fi: chrono.fi, fr: chrono.fr, id: chrono.id },
  ...{ it: chrono.it, ja: chrono.ja, nl: chrono.nl, pt: chrono.pt, ru: chrono.ru, sv: chrono.sv, uk: chrono.uk },
  ...{ vi: chrono.vi, zh: chrono.zh.hans },
};

/** Missing parts are never filled in from it: only dates whose parts are all certain get an ISO form. */
const REFERENCE = new Date(Date.UTC(2000, 0, 1, 12));
const ISO_DATE = /\b(\d{4})-(\d{2})-(\d{2})(?=\b|T)/gu;
const SLASH_DATE = /\b(\d{1,2})\/(\d{1,2})\/(\d{4}|\d{2})\b/gu;
const DOT_DATE = /(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?![\d])/gu;
const CJK_DATE = /(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(?:(\d{1,2})\s*[日일])?/gu;

/** Earlier and later numbers are versions and quantities, not years. */
const MIN_YEAR = 1_500;
const MAX_YEAR = 2_199;

interface Found extends DateFact {
  at: number;
}

function toIso(year: number, month: number, day?: number): string | undefined {
  if (year < MIN_YEAR || year > MAX_YEAR || month < 1 || month > 12) return undefined;
  const head = `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`;
  if (day === undefined) return head;
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && day > 0 ? `${head}-${String(day).padStart(2, '0')}` : undefined;
}

function found(text: string, at: number, iso: string | undefined): Found {
  return { text: text.replace(/\s+/gu, ' ').trim(), at, ...(iso === undefined ? {} : { iso }) };
}

/** 03/04/2026 is April in most of the world and March in the United States: decided by the document, or left open. */
function findSlashDates(text: string, language: string): Found[] {
  const matches = [...text.matchAll(SLASH_DATE)];
  const dayFirst = matches.some((match) => Number(match[1]) > 12);
  const monthFirst = matches.some((match) => Number(match[2]) > 12);
  return matches.flatMap((match) => {
    const [whole, first, second, year] = [match[0], Number(match[1]), Number(match[2]), Number(match[3])];
    if (first > 31 || second > 31 || (first > 12 && second > 12)) return [];
    const full = year < 100 ? 2000 + year : year;
    const usesDayFirst = dayFirst || (!monthFirst && language !== 'en' && language !== 'und');
    const known = dayFirst !== monthFirst || usesDayFirst || first === second;
    const iso = usesDayFirst && first <= 31 && second <= 12 ? toIso(full, second, first) : toIso(full, first, second);
    return [found(whole, match.index, known ? iso : undefined)];
  });
}

function findNumericDates(text: string, language: string): Found[] {
  const facts = findSlashDates(text, language);
  for (const match of text.matchAll(ISO_DATE))
    facts.push(found(match[0], match.index, toIso(Number(match[1]), Number(match[2]), Number(match[3]))));
  for (const match of text.matchAll(DOT_DATE))
    facts.push(found(match[0], match.index, toIso(Number(match[3]), Number(match[2]), Number(match[1]))));
  for (const match of text.matchAll(CJK_DATE)) {
    const day = match[3] === undefined ? undefined : Number(match[3]);
    facts.push(found(match[0], match.index, toIso(Number(match[1]), Number(match[2]), day)));
  }
  return facts.filter((fact) => fact.iso !== undefined || fact.text.includes('/'));
}

/** Takes off what the parser counts to a date and a reader does not: "on", a time of day, brackets. */
function trimDate(text: string): string {
  return text
    .replace(/^[\s,(]+|[\s,)(]+$/gu, '')
    .replace(/^(?:on|in|at|by|from|until|since|the|il|lo|le|el|am|im|den|der|vom|bis|du|al|dal|em|op|на|в|في)\s+/iu, '')
    .replace(/,?\s+(?:at\s+|um\s+|à\s+)?\d{1,2}:\d{2}.*$/u, '');
}

/** Stretches with a digit and a letter near each other, merged where they touch. */
function selectStretches(text: string): { at: number; text: string }[] {
  const stretches: { from: number; to: number }[] = [];
  for (const match of text.matchAll(/\d+/gu)) {
    const from = Math.max(0, match.index - CONTEXT_CHARS);
    const to = Math.min(text.length, match.index + match[0].length + CONTEXT_CHARS);
    const last = stretches[stretches.length - 1];
    if (last !== undefined && from <= last.to && to - last.from <= MAX_STRETCH_CHARS) last.to = to;
    else stretches.push({ from, to });
  }
  return stretches
    .map(({ from, to }) => ({ at: from, text: text.slice(from, to) }))
    .filter((stretch) => /\p{L}{3}/u.test(stretch.text));
}

/** A month with its name, plus day or year: what chrono knows for certain, without its guesses. */
function findNamedDates(text: string, language: string): Found[] {
  const parser = PARSERS[language] ?? chrono.en;
  const facts: Found[] = [];
  for (const stretch of selectStretches(text)) {
    for (const result of parser.parse(stretch.text, REFERENCE)) {
      for (const part of result.end === null || result.end === undefined
        ? [result.start]
        : [result.start, result.end]) {
        if (!part.isCertain('month') || !/\p{L}{3}/u.test(result.text)) continue;
        const [year, month, day] = [part.get('year'), part.get('month'), part.get('day')];
        if (!part.isCertain('day') && !part.isCertain('year')) continue;
        // "within 30 days" is certain to chrono, counted from the reference: no year in the words, no date.
        if (part.isCertain('year') && !result.text.includes(String(year).slice(2))) continue;
        const certain = part.isCertain('year') && year !== null && month !== null;
        const iso = certain ? toIso(year, month, part.isCertain('day') && day !== null ? day : undefined) : undefined;
        facts.push(found(trimDate(result.text), stretch.at + result.index, iso));
      }
    }
  }
  return facts;
}

/** The dates of a text in reading order, each once. */
export function findDates(written: string, language: string): DateFact[] {
  const text = toLatinDigits(written);
  const numeric = findNumericDates(text, language);
  const parser = PARSERS[language];
  const others =
    parser === undefined && language !== 'und'
      ? findMonthDates(text, language).map(({ at, ...date }) =>
          found(date.text, at, toIso(date.year, date.month, date.day)),
        )
      : [];
  const named = (others.length > 0 ? others : findNamedDates(text, language)).filter(
    (fact) => !numeric.some((other) => Math.abs(other.at - fact.at) < Math.max(other.text.length, fact.text.length)),
  );
  const seen = new Set<string>();
  const dates: DateFact[] = [];
  for (const { at, ...fact } of [...numeric, ...named].sort((a, b) => a.at - b.at)) {
    const key = fact.iso ?? fact.text.toLowerCase();
    if (seen.has(key) || dates.length >= MAX_DATES) continue;
    seen.add(key);
    // As it is written, in the digits of the document.
    const exact = text.startsWith(fact.text, at) ? { text: written.slice(at, at + fact.text.length) } : {};
    dates.push({ ...fact, ...exact });
  }
  return dates;
}
