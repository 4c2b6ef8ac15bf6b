import { cleanText, cleanTitle } from './clean-text.ts';
import { detectDocumentKind } from './detect-document-kind.ts';
import { DocumentError } from './document-error.ts';
import { type DocumentKind, type DocumentPages, MEDIA_TYPE_BY_KIND } from './document-pages.ts';
import { type DocumentSource, type ParsedDocument, type ParseLimits, readExtension } from './document-source.ts';
import { splitPages } from './split-pages.ts';

/** Messages attached to messages are read this deep. */
const MAX_EMAIL_DEPTH = 2;
const MAX_WARNINGS = 20;

type Parser = (source: DocumentSource, limits: ParseLimits, depth: number) => Promise<ParsedDocument>;

/** Each is loaded when it is needed: a process parses one document, and loading all of them takes a quarter second. */
const PARSERS: Record<DocumentKind, Parser> = {
  pdf: async (source, limits) => (await import('./parse-pdf.ts')).parsePdf(source, limits),
  docx: async (source) => (await import('./parse-docx.ts')).parseDocx(source),
  html: async (source) => (await import('./parse-html.ts')).parseHtml(source),
  markdown: async (source) => (await import('./parse-text.ts')).parseMarkdown(source),
  text: async (source) => (await import('./parse-text.ts')).parseText(source),
  csv: async (source, limits) => (await import('./parse-csv.ts')).parseCsv(source, limits),
  email: async (source, limits, depth) => {
    const { parseEmail } = await import('./parse-email.ts');
    return parseEmail(source, (attachment) => readNested(attachment, limits, depth + 1));
  },
};

const KINDS_BY_EXTENSION: Record<string, DocumentKind> = {
  pdf: 'pdf',
  docx: 'docx',
  html: 'html',
  htm: 'html',
  csv: 'csv',
  eml: 'email',
};

/**
 * Reads one document in this process. Only the child process calls it: parsers of other people's files may loop, eat
 * memory or crash (see run-parse-child.ts).
 * @throws DocumentError
 */
export async function parseDocument(source: DocumentSource, limits: ParseLimits, depth = 0): Promise<DocumentPages> {
  const kind = await detectDocumentKind(source);
  const parsed = await PARSERS[kind](source, limits, depth);
  const warnings = [...parsed.warnings];
  const named = KINDS_BY_EXTENSION[readExtension(source.name)];
  if (named !== undefined && named !== kind) {
    warnings.unshift(`Its name says .${readExtension(source.name)}, but it was read as ${MEDIA_TYPE_BY_KIND[kind]}.`);
  }
  const pages = toPages(parsed, limits, warnings);
  if (pages.every((page) => page === '')) {
    throw new DocumentError('document_empty', 'This document contains no text.');
  }
  const title = cleanTitle(parsed.title);
  return {
    kind,
    mediaType: MEDIA_TYPE_BY_KIND[kind],
    ...(title === undefined ? {} : { title }),
    pages,
    warnings: warnings.slice(0, MAX_WARNINGS),
  };
}

async function readNested(source: DocumentSource, limits: ParseLimits, depth: number): Promise<DocumentPages> {
  if (depth > MAX_EMAIL_DEPTH) throw new DocumentError('document_unsupported', 'It is attached too deeply.');
  return parseDocument(source, limits, depth);
}

function toPages(parsed: ParsedDocument, limits: ParseLimits, warnings: string[]): string[] {
  const cleaned = parsed.pages.map(cleanText);
  const pages = parsed.hasOwnPages
    ? splitOversized(cleaned, limits, warnings)
    : cleaned.flatMap((text) => splitPages(text));
  if (pages.length <= limits.maxPages) return pages;
  warnings.push(`Only the first ${limits.maxPages} pages were kept.`);
  return pages.slice(0, limits.maxPages);
}

/** A page of its own stays whole, so that page numbers agree with the original, unless no model could take it in. */
function splitOversized(pages: readonly string[], limits: ParseLimits, warnings: string[]): string[] {
  return pages.flatMap((page, i) => {
    if (page.length <= limits.maxCharsPerPage) return [page];
    const parts = splitPages(page, limits.maxCharsPerPage);
    warnings.push(
      `Page ${i + 1} is very long and was split into ${parts.length}; later page numbers moved accordingly.`,
    );
    return parts;
  });
}
