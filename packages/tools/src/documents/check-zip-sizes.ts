import { inflateRawSync } from 'node:zlib';
import { DocumentError } from './document-error.ts';

/** A real Word file inflates to a few tens of megabytes, pictures included. */
export const MAX_INFLATED_BYTES = 200 * 1024 * 1024;
/** Parts of one Word file; real ones have dozens. */
const MAX_ENTRIES = 5_000;

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const METHOD_STORED = 0;
const METHOD_DEFLATED = 8;

/**
 * Refuses a ZIP container that would inflate to more than `maxBytes`, by what it declares and by what it really
 * contains: each part is inflated once with a cap, because a bomb lies about its size and the parser would believe it.
 * @throws DocumentError `document_too_large` or `document_damaged`.
 */
export function checkZipSizes(bytes: Uint8Array, maxBytes = MAX_INFLATED_BYTES): void {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = maxBytes;
  for (const entry of readEntries(zip)) {
    if (entry.inflatedBytes > left) throw tooLarge(maxBytes);
    left -= measureInflated(zip, entry, left, maxBytes);
  }
}

interface ZipEntry {
  method: number;
  storedBytes: number;
  inflatedBytes: number;
  headerOffset: number;
}

function readEntries(zip: Buffer): ZipEntry[] {
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  if (count > MAX_ENTRIES) throw tooLarge(MAX_INFLATED_BYTES);
  const entries: ZipEntry[] = [];
  let offset = zip.readUInt32LE(end + 16);
  for (let i = 0; i < count; i++) {
    if (offset + 46 > zip.length || zip.readUInt32LE(offset) !== CENTRAL_SIGNATURE) throw damaged();
    entries.push({
      method: zip.readUInt16LE(offset + 10),
      storedBytes: zip.readUInt32LE(offset + 20),
      inflatedBytes: zip.readUInt32LE(offset + 24),
      headerOffset: zip.readUInt32LE(offset + 42),
    });
    const variable = zip.readUInt16LE(offset + 28) + zip.readUInt16LE(offset + 30) + zip.readUInt16LE(offset + 32);
    offset += 46 + variable;
  }
  return entries;
}

function findEnd(zip: Buffer): number {
  const earliest = Math.max(0, zip.length - END_BYTES - MAX_COMMENT_BYTES);
  for (let offset = zip.length - END_BYTES; offset >= earliest; offset--) {
    if (zip.readUInt32LE(offset) === END_SIGNATURE) return offset;
  }
  throw damaged();
}

function measureInflated(zip: Buffer, entry: ZipEntry, left: number, maxBytes: number): number {
  const { headerOffset, storedBytes } = entry;
  if (headerOffset + 30 > zip.length || zip.readUInt32LE(headerOffset) !== LOCAL_SIGNATURE) throw damaged();
  const start = headerOffset + 30 + zip.readUInt16LE(headerOffset + 26) + zip.readUInt16LE(headerOffset + 28);
  if (start + storedBytes > zip.length) throw damaged();
  if (entry.method === METHOD_STORED) return storedBytes;
  if (entry.method !== METHOD_DEFLATED) throw damaged();
  try {
    return inflateRawSync(zip.subarray(start, start + storedBytes), { maxOutputLength: Math.max(1, left) }).length;
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw damaged(error);
  }
}

function tooLarge(maxBytes: number): DocumentError {
  const megabytes = Math.floor(maxBytes / 1024 / 1024);
  return new DocumentError(
    'document_too_large',
    `This Word document unpacks to more than ${megabytes} MB, which no ordinary document does; it was not opened.`,
  );
}

function damaged(cause?: unknown): DocumentError {
  return new DocumentError(
    'document_damaged',
    'This Word document is damaged and cannot be opened; save it again or upload another copy.',
    { cause },
  );
}
