import iconv from 'iconv-lite';
import { DocumentError } from './document-error.ts';
import { guessCharset } from './guess-charset.ts';

export interface DecodedText {
  text: string;
  /** Name of the encoding that was used. */
  charset: string;
  warnings: string[];
}

/** Bytes looked at for a byte pattern of UTF-16 and for binary content. */
const SNIFF_BYTES = 8_192;
/** Share of zero bytes on one side of the byte pairs from which text without a mark is taken for UTF-16. */
const UTF16_ZERO_SHARE = 0.4;

const FALLBACK_CHARSET = 'windows-1252';

/**
 * Decodes text of unknown origin. Order: byte order mark, the declared charset when the bytes agree with it, UTF-8 when
 * it is valid, UTF-16 by its zero bytes, a charset of another script when the bytes look like one, and windows-1252
 * (which contains latin-1) as the answer that never fails.
 */
export function decodeText(bytes: Uint8Array, declaredCharset?: string): DecodedText {
  const marked = readByteOrderMark(bytes);
  if (marked !== undefined) return { text: decodeWith(bytes, marked), charset: marked, warnings: [] };
  const utf16 = sniffUtf16(bytes);
  if (utf16 !== undefined) return { text: decodeWith(bytes, utf16), charset: utf16, warnings: [] };
  const utf8 = decodeStrictUtf8(bytes);
  const declared = normaliseCharset(declaredCharset);
  if (utf8 !== undefined && (declared === undefined || declared === 'utf-8' || isAscii(bytes))) {
    return { text: utf8, charset: 'utf-8', warnings: [] };
  }
  if (utf8 !== undefined && isSingleByte(declared)) {
    // Valid multi-byte UTF-8 is next to never valid prose of a single-byte charset: the label is wrong, not the bytes.
    return { text: utf8, charset: 'utf-8', warnings: [`It says it is ${declared}, but it is UTF-8.`] };
  }
  if (declared !== undefined && declared !== 'utf-8') {
    return { text: decodeWith(bytes, declared), charset: declared, warnings: [] };
  }
  const charset = guessCharset(bytes) ?? FALLBACK_CHARSET;
  const warnings = [`It is not valid UTF-8; it was read as ${charset}, so some characters may be wrong.`];
  return { text: decodeWith(bytes, charset), charset, warnings };
}

/** `charset` parameter of a media type, undefined when there is none. */
export function readCharsetParameter(mediaType: string | undefined): string | undefined {
  return /;\s*charset\s*=\s*"?([\w.:-]+)/iu.exec(mediaType ?? '')?.[1];
}

/** True when the bytes are text in some encoding: no control bytes that text never has, apart from UTF-16's zeros. */
export function looksLikeText(bytes: Uint8Array): boolean {
  if (readByteOrderMark(bytes) !== undefined || sniffUtf16(bytes) !== undefined) return true;
  const head = bytes.subarray(0, SNIFF_BYTES);
  let controls = 0;
  let zeros = 0;
  for (const byte of head) {
    if (byte === 0) zeros++;
    else if (byte < 0x20 && ![0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b].includes(byte)) controls++;
  }
  const isValidUtf8 = decodeStrictUtf8(bytes) !== undefined;
  // A stray NUL or control byte is common in exports of old systems; a binary format has many.
  const tolerated = isValidUtf8 ? 0.05 : 0.002;
  return controls + zeros <= head.length * tolerated;
}

function decodeWith(bytes: Uint8Array, charset: string): string {
  try {
    return iconv.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), charset);
  } catch (error) {
    throw new DocumentError('document_damaged', `This file's text could not be decoded as ${charset}.`, {
      cause: error,
    });
  }
}

function readByteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes[2] === 0 && bytes[3] === 0 ? 'utf-32le' : 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** Latin text in UTF-16 has a zero in nearly every pair, always on the same side. */
function sniffUtf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const pairs = Math.floor(Math.min(bytes.length, SNIFF_BYTES) / 2);
  if (pairs < 4) return undefined;
  let evenZeros = 0;
  let oddZeros = 0;
  for (let i = 0; i < pairs * 2; i += 2) {
    if (bytes[i] === 0) evenZeros++;
    if (bytes[i + 1] === 0) oddZeros++;
  }
  if (oddZeros > pairs * UTF16_ZERO_SHARE && evenZeros === 0) return 'utf-16le';
  if (evenZeros > pairs * UTF16_ZERO_SHARE && oddZeros === 0) return 'utf-16be';
  return undefined;
}

function decodeStrictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function normaliseCharset(charset: string | undefined): string | undefined {
  const name = charset?.trim().toLowerCase();
  if (name === undefined || name === '' || !iconv.encodingExists(name)) return undefined;
  if (name === 'utf8' || name === 'us-ascii' || name === 'ascii') return 'utf-8';
  // The WHATWG rule: on the web, these labels have always meant windows-1252.
  if (['iso-8859-1', 'iso8859-1', 'latin1', 'l1', 'cp1252'].includes(name)) return FALLBACK_CHARSET;
  return name;
}

function isSingleByte(charset: string | undefined): boolean {
  return charset !== undefined && /^(?:windows-|iso-?8859|koi8|mac|cp125)/u.test(charset);
}
