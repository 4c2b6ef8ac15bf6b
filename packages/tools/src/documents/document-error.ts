export const DOCUMENT_ERROR_CODES = [
  'document_encrypted',
  'document_damaged',
  'document_empty',
  'document_no_text_layer',
  'document_unsupported',
  'document_too_large',
  'document_timeout',
] as const;
export type DocumentErrorCode = (typeof DOCUMENT_ERROR_CODES)[number];

/**
 * The document itself is the reason that it cannot be read: trying again gives the same answer. The message says in
 * one or two sentences what is wrong with it and what to upload instead; it never contains the document's own text.
 */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  readonly code: DocumentErrorCode;

  constructor(code: DocumentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function isDocumentErrorCode(value: unknown): value is DocumentErrorCode {
  return DOCUMENT_ERROR_CODES.some((code) => code === value);
}
