/**
 * Reads a number as people write it: `1.234,56`, `1,200.00`, `12'000`, `5 000`, `500.-`. The last separator is the
 * decimal one unless exactly three digits follow it or it occurs twice. Undefined when there is no digit.
 */
export function parseNumber(written: string): number | undefined {
  const text = written.replace(/[\s'’\u00a0\u202f\u2009]/gu, '').replace(/[.,]?[-–—]+$/u, '');
  if (!/\d/u.test(text)) return undefined;
  const lastDot = text.lastIndexOf('.');
  const lastComma = text.lastIndexOf(',');
  const last = Math.max(lastDot, lastComma);
  if (last < 0) return Number(text);
  const mark = text[last] ?? '.';
  const decimals = text.length - last - 1;
  const both = lastDot >= 0 && lastComma >= 0;
  const repeated = text.indexOf(mark) !== last;
  const isGroup = decimals === 3 && (!both || repeated) ? true : repeated;
  if (isGroup) return Number(text.replace(/[.,]/gu, ''));
  return Number(`${text.slice(0, last).replace(/[.,]/gu, '')}.${text.slice(last + 1)}`);
}
