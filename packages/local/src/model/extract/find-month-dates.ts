/** A date with the name of a month, and where it is. */
export interface MonthDate {
  text: string;
  at: number;
  year: number;
  month: number;
  day?: number;
}

const MONTHS_PER_YEAR = 12;
/** What stands between the parts: "14. maja", "3 de maio de", "10ης Μαρτίου", "ב־5 במאי". */
const GLUE = "(?:\\.|er|º|ª|ης|η)?[\\s\u00a0]+(?:de |d['’]|ב)?";

interface Pattern {
  pattern: RegExp;
  months: Map<string, number>;
}

const patterns = new Map<string, Pattern>();

/** Month names as ICU writes them in a date and alone, long and short, lower case, without a final full stop. */
function readMonths(language: string): Map<string, number> {
  const months = new Map<string, number>();
  const styles = [
    ...(['long', 'short'] as const).map((month) => ({ month })),
    ...(['long', 'short'] as const).map((month) => ({ month, day: 'numeric' as const })),
  ];
  for (const style of styles) {
    const format = new Intl.DateTimeFormat(`${language}-u-nu-latn-ca-gregory`, { ...style, timeZone: 'UTC' });
    for (let month = 1; month <= MONTHS_PER_YEAR; month += 1) {
      const parts = format.formatToParts(Date.UTC(2001, month - 1, 15));
      const name =
        parts
          .find((part) => part.type === 'month')
          ?.value.toLowerCase()
          .replace(/\.$/u, '') ?? '';
      if (/\p{L}{3}/u.test(name) && !/\d/u.test(name)) months.set(name, month);
    }
  }
  return months;
}

function createPattern(language: string): Pattern {
  const known = patterns.get(language);
  if (known !== undefined) return known;
  const months = readMonths(language);
  const names = [...months.keys()]
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replace(/[^\p{L}\p{M}]/gu, '.'));
  const month = names.length === 0 ? '(?!)' : `(${names.join('|')})(?![\\p{L}\\p{M}])\\.?`;
  const pattern = new RegExp(
    `(?<![\\p{L}\\d.])(?:(\\d{1,2})${GLUE})?${month},?(?:[\\s\u00a0]+(?:de |del )?)?(\\d{4})(?!\\d)`,
    'giu',
  );
  patterns.set(language, { pattern, months });
  return { pattern, months };
}

/**
 * Dates such as "14 maja 2025" or "Μάρτιος 2025" in any language whose month names ICU knows (ISO 639-1): day, month
 * and year in this order, the day optional.
 */
export function findMonthDates(text: string, language: string): MonthDate[] {
  const { pattern, months } = createPattern(language);
  return [...text.matchAll(pattern)].flatMap((match) => {
    const month = months.get((match[2] ?? '').toLowerCase());
    if (month === undefined) return [];
    const day = match[1] === undefined ? {} : { day: Number(match[1]) };
    return [{ text: match[0], at: match.index, year: Number(match[3]), month, ...day }];
  });
}
