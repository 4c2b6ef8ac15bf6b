import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { DocumentError } from './document-error.ts';
import type { DocumentPages } from './document-pages.ts';
import { runParseChild } from './run-parse-child.ts';

export const DEFAULT_DOCUMENT_TIMEOUT_MS = 30_000;
export const DEFAULT_MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;
export const DEFAULT_MAX_PAGES = 2_000;
/** About 5,000 tokens: a page that a model can take in with a single tool call. */
export const DEFAULT_MAX_CHARS_PER_PAGE = 20_000;

export interface DocumentHints {
  /** File name as uploaded; for a path, its last part unless given. */
  name?: string | undefined;
  /** Media type as declared; may carry a charset. */
  mediaType?: string | undefined;
}

export interface ReadDocumentOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  maxBytes?: number | undefined;
  /** Pages beyond this are left out, with a warning. */
  maxPages?: number | undefined;
  /** Longer pages are split, with a warning. */
  maxCharsPerPage?: number | undefined;
}

/**
 * Reads any document of a known kind (PDF, DOCX, HTML, Markdown, text, CSV, e-mail) as pages of text. The kind follows
 * from the bytes; name and media type only break ties. Parsing happens in a process of its own (run-parse-child.ts).
 * @param input The document's bytes, or the path of a regular file.
 * @throws DocumentError when the document is the reason (its message is for the person who uploaded it);
 *   DocumentParserError when the machine is; the signal's reason when aborted; the file system's error for a path.
 */
export async function readDocumentPages(
  input: Uint8Array | string,
  hints: DocumentHints = {},
  options: ReadDocumentOptions = {},
): Promise<DocumentPages> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_DOCUMENT_BYTES;
  const bytes = typeof input === 'string' ? await readWhole(input, maxBytes) : input;
  if (bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes);
  if (bytes.length === 0) throw new DocumentError('document_empty', 'This file is empty (0 bytes).');
  const request = {
    name: hints.name ?? (typeof input === 'string' ? basename(input) : ''),
    mediaType: hints.mediaType ?? null,
    limits: {
      maxPages: options.maxPages ?? DEFAULT_MAX_PAGES,
      maxCharsPerPage: options.maxCharsPerPage ?? DEFAULT_MAX_CHARS_PER_PAGE,
    },
  };
  const timeoutMs = options.timeoutMs ?? DEFAULT_DOCUMENT_TIMEOUT_MS;
  return (await runParseChild(request, bytes, { timeoutMs, signal: options.signal })).document;
}

/** Checks the size before reading, on the open file, so that a file that is swapped in between is not read. */
async function readWhole(path: string, maxBytes: number): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer forever.
  const file: FileHandle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new DocumentError('document_unsupported', 'This is not a file.');
    if (stat.size > maxBytes) throw tooLarge(stat.size, maxBytes);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function tooLarge(bytes: number, maxBytes: number): DocumentError {
  const toMegabytes = (size: number): string => (size / 1024 / 1024).toFixed(1);
  return new DocumentError(
    'document_too_large',
    `This file has ${toMegabytes(bytes)} MB; at most ${toMegabytes(maxBytes)} MB can be read. Split it into smaller documents.`,
  );
}
