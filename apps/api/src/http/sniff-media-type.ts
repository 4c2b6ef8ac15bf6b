/** First bytes that say what a file is, whatever its name says. */
const SIGNATURES: readonly { bytes: string; mediaType: string }[] = [
  { bytes: '25504446', mediaType: 'application/pdf' },
  { bytes: '89504e470d0a1a0a', mediaType: 'image/png' },
  { bytes: 'ffd8ff', mediaType: 'image/jpeg' },
  { bytes: '47494638', mediaType: 'image/gif' },
  { bytes: '504b0304', mediaType: 'application/zip' },
];

const BY_EXTENSION: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  html: 'text/html',
  htm: 'text/html',
  md: 'text/markdown',
  markdown: 'text/markdown',
  eml: 'message/rfc822',
  csv: 'text/csv',
  txt: 'text/plain',
  json: 'application/json',
};

const UNKNOWN = 'application/octet-stream';

/**
 * What the bytes are: a signature outweighs what the client says, except that a zip may be a DOCX; without one the
 * client is believed, and where it says nothing the name decides.
 */
export function sniffMediaType(head: Uint8Array, declared: string, name: string): string {
  const hex = Buffer.from(head.subarray(0, 8)).toString('hex');
  const found = SIGNATURES.find(({ bytes }) => hex.startsWith(bytes))?.mediaType;
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const byName = BY_EXTENSION[extension];
  if (found !== undefined && found !== 'application/zip') return found;
  if (declared !== '' && declared !== UNKNOWN) return declared;
  // A name that promises what only a signature proves is not believed.
  if (found === undefined && byName === 'application/pdf') return UNKNOWN;
  return byName ?? found ?? UNKNOWN;
}
