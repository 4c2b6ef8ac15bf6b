import { type DocumentErrorCode, isDocumentErrorCode } from './document-error.ts';
import { DOCUMENT_KINDS, type DocumentPages } from './document-pages.ts';
import type { ParseLimits } from './document-source.ts';

/**
 * What parent and child say to each other. The parent writes one line of JSON (this header) and then the document's
 * bytes to the child's stdin; the child answers with one JSON value on file descriptor RESULT_FD and exits.
 */
export interface ParseRequest {
  name: string;
  mediaType: string | null;
  limits: ParseLimits;
}

export type ParseReply =
  | { status: 'read'; document: DocumentPages }
  | { status: 'refused'; code: DocumentErrorCode; message: string }
  /** The machine, not the document: out of file handles, a library missing. */
  | { status: 'failed'; message: string };

/** Not stdout: a parser that prints must not be able to damage the reply. */
export const RESULT_FD = 3;

/** Checks a reply field by field: after a hostile document the child is not to be trusted either. */
export function readParseReply(json: string): ParseReply | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  if (value.status === 'refused' && isDocumentErrorCode(value.code) && typeof value.message === 'string') {
    return { status: 'refused', code: value.code, message: value.message };
  }
  if (value.status === 'failed' && typeof value.message === 'string')
    return { status: 'failed', message: value.message };
  const document = value.status === 'read' ? readDocument(value.document) : undefined;
  return document === undefined ? undefined : { status: 'read', document };
}

function readDocument(value: unknown): DocumentPages | undefined {
  if (!isRecord(value) || !isStrings(value.pages) || !isStrings(value.warnings)) return undefined;
  const kind = DOCUMENT_KINDS.find((known) => known === value.kind);
  if (kind === undefined || typeof value.mediaType !== 'string' || value.pages.length === 0) return undefined;
  const title = typeof value.title === 'string' ? { title: value.title } : {};
  return { kind, mediaType: value.mediaType, ...title, pages: value.pages, warnings: value.warnings };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
