import type { PdfTextRun } from './pdf-text-run.ts';

const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}]/u;
/** Digits are written from left to right in Arabic too. */
const LEFT_TO_RIGHT = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Nd}]/u;

/**
 * The runs of a line of Hebrew or Arabic in reading order, from right to left: the order in which they were drawn is
 * as often the one as the other. Runs of another script that follow each other keep their own order. Undefined when
 * the line has another direction: when fewer letters are of such a script than of others.
 */
export function orderRightToLeft(runs: readonly PdfTextRun[]): PdfTextRun[] | undefined {
  const text = runs.map((run) => run.text).join('');
  const own = countLetters(text, RIGHT_TO_LEFT);
  if (own === 0 || own < countLetters(text, /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u)) return undefined;
  const ordered: PdfTextRun[] = [];
  let foreign: PdfTextRun[] = [];
  for (const run of [...runs].sort((a, b) => b.x - a.x)) {
    if (LEFT_TO_RIGHT.test(run.text) && !RIGHT_TO_LEFT.test(run.text)) {
      foreign.unshift(run);
      continue;
    }
    ordered.push(...foreign, run);
    foreign = [];
  }
  return [...ordered, ...foreign];
}

function countLetters(text: string, script: RegExp): number {
  return [...text].filter((character) => script.test(character) && !/\p{Nd}/u.test(character)).length;
}
