import type { DocumentKind } from './document-pages.ts';
import { sniffDelimiter } from './sniff-delimiter.ts';

export interface TextHints {
  /** Lower case, without the dot; '' when there is none. */
  extension: string;
  /** Without parameters, lower case; '' when none was declared. */
  mediaType: string;
  /** False when the text is only the beginning of the document. */
  isWhole: boolean;
}

const HTML_START = /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b/iu;
const HTML_ELEMENT =
  /<\/?(?:p|div|span|table|tr|td|h[1-6]|ul|ol|li|br|a|b|i|strong|em|article|section|main|meta|title|body|head|html)\b[^>]*>/iu;
const HEADER_LINE = /^([A-Za-z][A-Za-z0-9-]*):[ \t]?.*(?:\r?\n[ \t]+.*)*/u;
/** Headers that only software writes; a typed memo has "From:" and "To:" as well. */
const MACHINE_HEADERS = new Set([
  'received',
  'message-id',
  'mime-version',
  'return-path',
  'delivered-to',
  'content-type',
  'content-transfer-encoding',
  'dkim-signature',
]);
const PERSON_HEADERS = new Set(['from', 'to', 'subject', 'date', 'cc', 'reply-to', 'sender']);

const MARKDOWN_EXTENSIONS = new Set(['md', 'markdown', 'mdown', 'mkd', 'mdx']);
const CSV_EXTENSIONS = new Set(['csv', 'tsv', 'tab']);
const HTML_EXTENSIONS = new Set(['html', 'htm', 'xhtml', 'shtml']);
const EMAIL_EXTENSIONS = new Set(['eml', 'email', 'mht', 'mhtml']);

/** Tells apart the kinds of document that are text, by content first. */
export function sniffTextKind(text: string, hints: TextHints): DocumentKind {
  if (HTML_START.test(text)) return 'html';
  const saysEmail = EMAIL_EXTENSIONS.has(hints.extension) || hints.mediaType === 'message/rfc822';
  if (isEmail(text, saysEmail)) return 'email';
  const saysHtml = HTML_EXTENSIONS.has(hints.extension) || hints.mediaType === 'text/html';
  if (saysHtml && HTML_ELEMENT.test(text)) return 'html';
  const saysCsv = CSV_EXTENSIONS.has(hints.extension) || /^text\/(?:csv|tab-separated-values)$/u.test(hints.mediaType);
  if (sniffDelimiter(text, { isWhole: hints.isWhole, isExpected: saysCsv }) !== undefined) return 'csv';
  const saysMarkdown = MARKDOWN_EXTENSIONS.has(hints.extension) || hints.mediaType === 'text/markdown';
  if (saysMarkdown || hasMarkdownShape(text)) return 'markdown';
  return 'text';
}

/** A block of header lines at the very start (RFC 5322), after an optional mbox separator. */
function isEmail(text: string, isExpected: boolean): boolean {
  let rest = text.replace(/^\s*(?:From \S.*\r?\n)?/u, '');
  const seen = new Set<string>();
  for (let lines = 0; lines < MAX_HEADER_LINES; lines++) {
    const match = HEADER_LINE.exec(rest);
    if (match === null) break;
    seen.add((match[1] ?? '').toLowerCase());
    rest = rest.slice(match[0].length).replace(/^\r?\n/u, '');
  }
  const personal = [...seen].filter((name) => PERSON_HEADERS.has(name)).length;
  const technical = [...seen].filter((name) => MACHINE_HEADERS.has(name)).length;
  return isExpected ? personal >= 1 : personal >= 2 && technical >= 1;
}

const MAX_HEADER_LINES = 200;

/** Headings and at least one other mark of Markdown, for files with another name. */
function hasMarkdownShape(text: string): boolean {
  const headings = text.match(/^#{1,6} \S/gmu)?.length ?? 0;
  const others = text.match(/^(?:[-*+] |\d+\. |> |\|.*\|$|```)|\*\*\S|\]\(\S+\)/gmu)?.length ?? 0;
  return headings >= 2 && others >= 1;
}
