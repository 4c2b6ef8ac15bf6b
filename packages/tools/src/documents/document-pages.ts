/** What a document turned out to be, decided from its bytes (see detect-document-kind.ts). */
export const DOCUMENT_KINDS = ['pdf', 'docx', 'html', 'markdown', 'text', 'csv', 'email'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The text of one document, page by page, as plain text or Markdown that is safe to store and to show to a model. */
export interface DocumentPages {
  kind: DocumentKind;
  /** The media type of what was found, whatever was declared. */
  mediaType: string;
  /** From the document's own metadata, its subject or its first heading; absent when it has none. */
  title?: string;
  /** At least one page. Pages of a PDF keep their numbers (index + 1) unless a warning says otherwise. */
  pages: string[];
  /** Sentences for a person: what was left out, guessed or repaired. */
  warnings: string[];
}

export const MEDIA_TYPE_BY_KIND: Record<DocumentKind, string> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  html: 'text/html',
  markdown: 'text/markdown',
  text: 'text/plain',
  csv: 'text/csv',
  email: 'message/rfc822',
};
