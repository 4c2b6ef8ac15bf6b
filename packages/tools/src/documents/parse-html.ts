import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { decodeText, readCharsetParameter } from './decode-text.ts';
import type { DocumentSource, ParsedDocument } from './document-source.ts';
import type { HtmlDocument, HtmlElement } from './html-element.ts';
import { htmlToMarkdown } from './html-to-markdown.ts';

/** HTML looked at for its own declaration of a charset (the HTML standard's prescan is 1,024 bytes; real pages exceed it). */
const CHARSET_WINDOW_BYTES = 4_096;
/** Nesting from which converters that call themselves would overflow the stack; real pages stay below 60. */
const MAX_DEPTH = 256;
/** Elements from which a page is a book or an export, and a copy of it for the search of an article is not worth its memory. */
const MAX_ARTICLE_ELEMENTS = 10_000;
/** Share of the page's text from which an article is the document, rather than one of several parts of it. */
const MIN_ARTICLE_SHARE = 0.5;

const NEVER_SHOWN =
  'script,style,noscript,template,iframe,object,embed,svg,canvas,link,meta,head,[hidden],[aria-hidden="true"],input[type="hidden"],dialog:not([open])';
const FURNITURE = 'nav,[role="navigation"],[role="banner"] nav,[role="search"],form button,select,footer nav';
/** What stands between the name of a page and the name of its site. */
const TITLE_DIVIDER = /\s+[|·•»:–—-]+\s+/u;
const HIDING_STYLE =
  /display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$)|font-size\s*:\s*0(?:px|pt|em|rem|%)?\s*(?:;|$)|mso-hide\s*:\s*all/iu;

/** Reads a web page: its main article when it has one, else everything a person would see on it. */
export function parseHtml(source: DocumentSource): ParsedDocument {
  const declared = readCharsetParameter(source.mediaType) ?? readMetaCharset(source.bytes);
  const { text, warnings } = decodeText(source.bytes, declared);
  const converted = convertHtml(text);
  return { ...converted, hasOwnPages: false, warnings: [...warnings, ...converted.warnings] };
}

export interface ConvertedHtml {
  title?: string | undefined;
  /** One element: the whole text as Markdown. */
  pages: string[];
  warnings: string[];
}

/** Converts HTML that is already text: a web page, or the body of an e-mail (which is never searched for an article). */
export function convertHtml(html: string, options: { isFragment?: boolean } = {}): ConvertedHtml {
  const document = openHtml(html);
  const title = readTitle(document);
  removeUnseen(document);
  if (measureDepth(document.body) > MAX_DEPTH) {
    const text = document.body.textContent ?? '';
    return {
      title,
      pages: [text],
      warnings: ['Its elements are nested too deeply; only the bare text was kept.'],
    };
  }
  const article = options.isFragment === true ? undefined : findArticle(document);
  for (const element of document.body.querySelectorAll(FURNITURE)) element.remove();
  const text = htmlToMarkdown(article?.body ?? document.body);
  return { title, pages: [withHeading(text, options.isFragment === true ? undefined : title)], warnings: [] };
}

function openHtml(html: string): HtmlDocument {
  const isWhole = [/<html\b/iu, /<head\b/iu, /<body\b/iu].every((tag) => tag.test(html));
  return parseHTML(isWhole ? html : completeHtml(html)).document as unknown as HtmlDocument;
}

/** HTML lets a page leave these three elements out; linkedom finds no body then, and so no text. */
function completeHtml(html: string): string {
  const title = /<title\b[^>]*>([^<]*)<\/title\s*>/iu.exec(html);
  const rest = title === null ? html : html.replace(title[0], '');
  const body = rest.replace(/<!doctype\b[^>]*>|<\/?(?:html|head|body)(?=[\s>/])[^>]*>/giu, '');
  return `<!doctype html><html><head><title>${title?.[1] ?? ''}</title></head><body>${body}</body></html>`;
}

/**
 * The part of the page's `<title>` that is also a heading ("Streams | Project docs" on the page about streams), else
 * all of it, else the first heading; read before the head is dropped.
 */
function readTitle(document: HtmlDocument): string | undefined {
  const title = document.title.replace(/\s+/gu, ' ').trim();
  if (title === '') return document.querySelector('h1')?.textContent?.trim();
  const headings = new Set([...document.querySelectorAll('h1,h2')].map((heading) => toPlain(heading.textContent)));
  return title.split(TITLE_DIVIDER).find((part) => headings.has(toPlain(part))) ?? title;
}

/** Without case, and without the marks and words in brackets that link a heading to itself or to its source. */
function toPlain(text: string | null): string {
  return (text ?? '')
    .replace(/\s+/gu, ' ')
    .toLowerCase()
    .replace(/\[[^\]]*\]|\(https?:[^)]*\)|[#§¶*]/gu, '')
    .trim();
}

/** What a person does not see must not reach a model: it is where instructions are hidden. */
function removeUnseen(document: HtmlDocument): void {
  for (const element of document.querySelectorAll(NEVER_SHOWN)) element.remove();
  for (const element of document.querySelectorAll('[style]')) {
    if (HIDING_STYLE.test(element.getAttribute('style') ?? '')) element.remove();
  }
}

function measureDepth(root: HtmlElement): number {
  let level = [root];
  let depth = 0;
  while (level.length > 0 && depth <= MAX_DEPTH) {
    level = level.flatMap((element) => [...element.children]);
    depth++;
  }
  return depth;
}

/** Readability rewrites the document that it is given, so it gets its own. */
function findArticle(document: HtmlDocument): { body: HtmlElement } | undefined {
  if ([...document.querySelectorAll('*')].length > MAX_ARTICLE_ELEMENTS) return undefined;
  const shown = countLetters(document.body.textContent);
  const copy = openHtml(document.toString());
  try {
    const article = new Readability(copy as never).parse();
    const content = article?.content ?? '';
    if (countLetters(article?.textContent) < shown * MIN_ARTICLE_SHARE) return undefined;
    return { body: openHtml(content).body };
  } catch {
    // Only a nicety: without an article the whole page is read.
    return undefined;
  }
}

function countLetters(text: string | null | undefined): number {
  return (text ?? '').replace(/\s+/gu, '').length;
}

/**
 * Readability takes the main heading off the article, and many pages say only in `<title>` what they are: the text
 * begins with it, unless it is the first heading anyway.
 */
function withHeading(text: string, heading: string | undefined): string {
  const line = heading?.replace(/\s+/gu, ' ') ?? '';
  if (line === '' || text.trim() === '') return text;
  const first = /^(#+) (.*)$/mu.exec(text);
  // The same heading without the links to itself and to its source.
  if (first !== null && toPlain(first[2] ?? '') === toPlain(line)) return text.replace(first[0], `${first[1]} ${line}`);
  return `# ${line}\n\n${text}`;
}

function readMetaCharset(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, CHARSET_WINDOW_BYTES)).toString('latin1');
  const meta = /<meta\b[^>]*\bcharset\s*=\s*["']?([\w.:-]+)/iu.exec(head);
  return meta?.[1] ?? /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)/iu.exec(head)?.[1];
}
