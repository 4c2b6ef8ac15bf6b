import { decodeText, looksLikeText, readCharsetParameter } from './decode-text.ts';
import { DocumentError } from './document-error.ts';
import type { DocumentKind } from './document-pages.ts';
import { type DocumentSource, readBareMediaType, readExtension } from './document-source.ts';
import { sniffTextKind } from './sniff-text-kind.ts';

/** Readers accept a PDF header within the first kilobyte (ISO 32000-1, annex H, note 13). */
const PDF_HEADER_WINDOW_BYTES = 1_024;
/** Text looked at to tell Markdown, HTML, CSV and e-mail apart. */
const SNIFF_TEXT_BYTES = 65_536;

/** What people should do with formats that are not read, by the extension that `file-type` reports. */
const ADVICE_BY_TYPE: Record<string, string> = {
  xlsx: 'This is an Excel workbook; save the sheet as CSV and upload that.',
  xls: 'This is an Excel workbook; save the sheet as CSV and upload that.',
  pptx: 'This is a PowerPoint presentation; export it as PDF and upload that.',
  odt: 'This is an OpenDocument text; save it as DOCX or PDF and upload that.',
  ods: 'This is an OpenDocument spreadsheet; save it as CSV and upload that.',
  odp: 'This is an OpenDocument presentation; export it as PDF and upload that.',
  epub: 'This is an e-book; convert it to PDF or HTML and upload that.',
  rtf: 'This is a rich text file; save it as DOCX or PDF and upload that.',
  ps: 'This is a PostScript file; convert it to PDF and upload that.',
  zip: 'This is a ZIP archive; unpack it and upload the documents inside.',
  cfb: 'This is a file of an older Office version or an Outlook message; save it as DOCX, PDF or .eml and upload that.',
};

/** Names under which the formats that we do read are uploaded: such a file that is something else is a damaged one. */
const BINARY_EXTENSIONS: Record<string, string> = { pdf: 'PDF', docx: 'Word' };

/**
 * Decides what a document is: first by its magic bytes, then by what its text looks like, with the extension and the
 * declared media type only as tie-breakers between kinds of text.
 * @throws DocumentError `document_empty`, `document_encrypted`, `document_damaged` or `document_unsupported`.
 */
export async function detectDocumentKind(source: DocumentSource): Promise<DocumentKind> {
  const { bytes } = source;
  if (bytes.length === 0) throw new DocumentError('document_empty', 'This file is empty (0 bytes).');
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (latin1.subarray(0, PDF_HEADER_WINDOW_BYTES).includes('%PDF-')) return 'pdf';
  if (latin1.subarray(0, 5).toString('latin1') === '{\\rtf') throw toUnsupported('rtf');
  // Text before the other magic numbers: some are two letters long, and "BMW annual report" is not a bitmap.
  if (looksLikeText(bytes)) return detectTextKind(source);
  const { fileTypeFromBuffer } = await import('file-type');
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  if (type?.ext === 'docx') return 'docx';
  if (type?.ext === 'zip' && latin1.includes('word/document.xml')) return 'docx';
  if (type?.ext === 'cfb' && isEncryptedOffice(latin1)) {
    throw new DocumentError(
      'document_encrypted',
      'This Word document is password-protected; upload a copy saved without a password.',
    );
  }
  const expected = BINARY_EXTENSIONS[readExtension(source.name)];
  if (expected !== undefined && (type === undefined || type.ext === 'zip')) {
    throw new DocumentError(
      'document_damaged',
      `This file is named like a ${expected} document but does not contain one; it may have been damaged on its way.`,
    );
  }
  throw toUnsupported(type?.ext, type?.mime);
}

function detectTextKind(source: DocumentSource): DocumentKind {
  const head = source.bytes.subarray(0, SNIFF_TEXT_BYTES);
  const { text } = decodeText(trimToCharacter(head), readCharsetParameter(source.mediaType));
  if (text.trim() === '' && source.bytes.length <= SNIFF_TEXT_BYTES) {
    throw new DocumentError('document_empty', 'This file contains no text, only blank space.');
  }
  return sniffTextKind(text, {
    extension: readExtension(source.name),
    mediaType: readBareMediaType(source.mediaType),
    isWhole: head.length === source.bytes.length,
  });
}

/** Cuts an incomplete UTF-8 character off the end, which would make the whole head invalid. */
function trimToCharacter(head: Uint8Array): Uint8Array {
  let end = head.length;
  if (end < SNIFF_TEXT_BYTES) return head;
  while (end > head.length - 4 && ((head[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  return head.subarray(0, Math.max(0, end - 1) & ~1);
}

/** An encrypted OOXML file is a compound file with a stream of this name (MS-OFFCRYPTO 2.3.1), in UTF-16. */
function isEncryptedOffice(bytes: Buffer): boolean {
  return bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'));
}

function toUnsupported(ext: string | undefined, mime?: string): DocumentError {
  const advice = ext === undefined ? undefined : ADVICE_BY_TYPE[ext];
  const isPicture = mime?.startsWith('image/') === true;
  const what = isPicture
    ? 'This is a picture; documents are read by their text only, so run text recognition (OCR) first.'
    : `This is not a kind of document that can be read${ext === undefined ? '' : ` (it looks like .${ext})`}.`;
  const kinds = 'PDF, DOCX, HTML, Markdown, plain text, CSV and e-mail (.eml) can be read.';
  return new DocumentError('document_unsupported', advice ?? `${what} ${kinds}`);
}
