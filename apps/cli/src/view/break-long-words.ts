/** Characters that take two columns of a terminal: East Asian ones and emoji (Unicode TR 11). */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
/** Characters that take none: accents of their own, joiners. */
const ZERO = /\p{Mn}|\p{Me}|\p{Cf}/u;

/**
 * Breaks words that are longer than a column of a table into lines. The table wraps between words only and cuts a longer
 * word off, and a title in Chinese is one word.
 */
export function breakLongWords(text: string, width: number): string {
  return text
    .split(' ')
    .map((word) => (measure(word) > width ? breakWord(word, width) : word))
    .join(' ');
}

function breakWord(word: string, width: number): string {
  const parts: string[] = [];
  let rest = [...word];
  while (measure(rest.join('')) > width) {
    const fitting = countFitting(rest, width);
    // Behind the last `-`, `_`, `.` or `/` that fits, where that leaves a line that is not nearly empty.
    const cut = rest.slice(0, fitting).findLastIndex((character) => '-_./'.includes(character)) + 1;
    const end = cut > fitting / 3 ? cut : fitting;
    parts.push(rest.slice(0, end).join(''));
    rest = rest.slice(end);
  }
  return [...parts, rest.join('')].join('\n');
}

/** At least one, or nothing would ever end. */
function countFitting(characters: readonly string[], width: number): number {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += measure(character);
    return used > width;
  });
  return Math.max(1, end < 0 ? characters.length : end);
}

function measure(text: string): number {
  let columns = 0;
  for (const character of text) columns += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return columns;
}
