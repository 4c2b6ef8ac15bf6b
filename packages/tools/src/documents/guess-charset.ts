import iconv from 'iconv-lite';

/** Characters looked at; more does not change the answer. */
const SAMPLE_BYTES = 16_384;
/** Share of the letters that are not ASCII from which a text is not in a Latin script. */
const FOREIGN_SHARE = 0.45;
/** Fewer bytes outside ASCII than this say nothing. */
const MIN_FOREIGN_BYTES = 8;
/** Share of the characters beyond ASCII that must be usual ones of the script. */
const MIN_USUAL_SHARE = 0.8;

/**
 * What is tried, and what usual text in it consists of. In Cyrillic small letters outnumber capitals, which is what
 * tells its charsets apart; a multi-byte charset must decode without an error, and its second byte rarely does by chance.
 */
const CANDIDATES: readonly { charset: string; usual: RegExp }[] = [
  { charset: 'shift_jis', usual: /[\p{Script=Hiragana}\u30A0-\u30FF\u3000-\u303F\u4E00-\u9FA0]/gu },
  { charset: 'euc-jp', usual: /[\p{Script=Hiragana}\u30A0-\u30FF\u3000-\u303F\u4E00-\u9FA0]/gu },
  { charset: 'euc-kr', usual: /[\uAC00-\uD7A3]/gu },
  { charset: 'gb18030', usual: /[\u4E00-\u9FA5\u3000-\u303F\uFF00-\uFF20]/gu },
  { charset: 'big5', usual: /[\u4E00-\u9FA5\u3000-\u303F\uFF00-\uFF20]/gu },
  // Before the Cyrillic one, in which all of these letters are small ones too.
  { charset: 'windows-1255', usual: /[א-ת]/gu },
  { charset: 'windows-1251', usual: /[а-яёіїєґ]/gu },
  { charset: 'koi8-r', usual: /[а-яё]/gu },
  { charset: 'cp866', usual: /[а-яё]/gu },
  { charset: 'windows-1253', usual: /[α-ωάέήίόύώς]/gu },
  { charset: 'windows-1256', usual: /[ء-ي]/gu },
];

/** Marks of a script that others of its family do not have: without kana, Chinese would be taken for Japanese. */
const REQUIRED: Record<string, RegExp> = {
  shift_jis: /\p{Script=Hiragana}/u,
  'euc-jp': /\p{Script=Hiragana}/u,
};

/**
 * The charset of text that is neither UTF-8 nor declared to be anything, when it is of a script for which windows-1252
 * would give gibberish; undefined when most of its letters are ASCII, as in every Latin language.
 */
export function guessCharset(bytes: Uint8Array): string | undefined {
  const sample = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SAMPLE_BYTES));
  let letters = 0;
  let foreign = 0;
  for (const byte of sample) {
    if (byte >= 0x80) foreign++;
    else if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) letters++;
  }
  if (foreign < MIN_FOREIGN_BYTES || foreign < (foreign + letters) * FOREIGN_SHARE) return undefined;
  let best: { charset: string; share: number } | undefined;
  for (const { charset, usual } of CANDIDATES) {
    const text = iconv.decode(sample, charset);
    if (/[^\uFFFD]\uFFFD+[^\uFFFD]/u.test(text) || REQUIRED[charset]?.test(text) === false) continue;
    const strange = text.match(/[^\p{ASCII}]/gu)?.length ?? 0;
    const share = (text.match(usual)?.length ?? 0) / Math.max(1, strange);
    if (share >= MIN_USUAL_SHARE && share > (best?.share ?? 0)) best = { charset, share };
  }
  return best?.charset;
}
