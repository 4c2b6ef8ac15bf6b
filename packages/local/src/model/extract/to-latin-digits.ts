/** Writes Arabic, Persian and Indian digits and the full-width ones as 0 to 9; every character keeps its place. */
export function toLatinDigits(text: string): string {
  return text.replace(/(?![0-9])[\p{Nd}]/gu, (digit) => {
    // Digits come in blocks of ten that begin at a multiple of 16, or (Arabic, Devanagari and others) 6 after one.
    const code = digit.codePointAt(0) ?? 0;
    let zero = code;
    while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
    return digit.length === 1 ? String(code - zero) : digit;
  });
}
