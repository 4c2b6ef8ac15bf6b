import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { DocumentError } from './document-error.ts';
import type { DocumentSource, ParsedDocument, ParseLimits } from './document-source.ts';
import { joinPdfLines } from './join-pdf-lines.ts';
import { joinPdfParagraphs, readVocabulary } from './join-pdf-paragraphs.ts';
import type { PdfLine, PdfTextRun } from './pdf-text-run.ts';

/** Page numbers listed in a warning before it says "and others". */
const MAX_LISTED_PAGES = 12;
/** Titles that programs write on their own. */
const MEANINGLESS_TITLE =
  /^(?:untitled|document\d*|microsoft word\b.*|.*\.(?:docx?|pdf|indd|tmp|rtf|odt|xlsx?|pptx?))$/iu;

/** Reads the text layer of a PDF page by page, in reading order. */
export async function parsePdf(source: DocumentSource, limits: ParseLimits): Promise<ParsedDocument> {
  const pdf = await openPdf(source.bytes);
  const count = Math.min(pdf.numPages, limits.maxPages);
  const warnings: string[] = [];
  if (count < pdf.numPages) warnings.push(`Only the first ${count} of ${pdf.numPages} pages were read.`);
  const lines: PdfLine[][] = [];
  const unreadable: number[] = [];
  for (let number = 1; number <= count; number++) {
    try {
      lines.push(await readPageLines(await pdf.getPage(number)));
    } catch {
      unreadable.push(number);
      lines.push([]);
    }
  }
  const blank = lines.flatMap((page, i) => (page.length === 0 && !unreadable.includes(i + 1) ? [i + 1] : []));
  refuseWithoutText({ count, blank: blank.length, unreadable: unreadable.length });
  if (unreadable.length > 0) warnings.push(`${listPages(unreadable)} could not be read: the file is damaged there.`);
  if (blank.length > 0) warnings.push(`${listPages(blank)} without text: blank, or a picture of a page (not read).`);
  const vocabulary = readVocabulary(lines);
  const title = (await readMetadataTitle(pdf)) ?? findLargestLine(lines);
  return { title, pages: lines.map((page) => joinPdfParagraphs(page, vocabulary)), hasOwnPages: true, warnings };
}

async function openPdf(bytes: Uint8Array): Promise<PDFDocumentProxy> {
  const { getDocument } = await importPdfjs();
  const folder = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'));
  try {
    return await getDocument({
      // A plain copy: pdf.js takes the buffer over and refuses Node's Buffer.
      data: new Uint8Array(bytes),
      cMapUrl: `${join(folder, 'cmaps')}/`,
      cMapPacked: true,
      standardFontDataUrl: `${join(folder, 'standard_fonts')}/`,
      isEvalSupported: false,
      disableFontFace: true,
      useSystemFonts: false,
      useWasm: false,
      enableXfa: false,
      verbosity: 0,
    }).promise;
  } catch (error) {
    if (error instanceof Error && error.name === 'PasswordException') {
      throw new DocumentError('document_encrypted', 'This PDF is password-protected; upload an unlocked copy.', {
        cause: error,
      });
    }
    throw new DocumentError(
      'document_damaged',
      'This PDF is damaged or incomplete and cannot be opened; export it again or upload another copy.',
      { cause: error },
    );
  }
}

/**
 * pdf.js builds matrices for drawing when it is loaded and takes the class from an optional native package. Text
 * extraction never uses them, so an empty class stands in where the native one is missing or not allowed to load.
 */
async function importPdfjs(): Promise<typeof import('pdfjs-dist/legacy/build/pdf.mjs')> {
  const globals: Record<string, unknown> = globalThis as never;
  for (const name of ['DOMMatrix', 'ImageData', 'Path2D']) globals[name] ??= class {};
  return await import('pdfjs-dist/legacy/build/pdf.mjs');
}

async function readPageLines(page: PDFPageProxy): Promise<PdfLine[]> {
  const viewport = page.getViewport({ scale: 1 });
  const { items } = await page.getTextContent();
  const runs = items.flatMap((item) => ('str' in item ? [toRun(item, viewport.transform)] : []));
  page.cleanup();
  return joinPdfLines(runs);
}

interface TextItem {
  str: string;
  width: number;
  transform: number[];
}

/** Places an item on the page as it is shown, so that a page turned by 90 degrees is read the right way up. */
function toRun(item: TextItem, view: number[]): PdfTextRun {
  const [a, b, c, d, e, f] = item.transform.map(toFinite) as Matrix;
  const [va, vb, vc, vd, ve, vf] = view.map(toFinite) as Matrix;
  const alongX = va * a + vc * b;
  const alongY = vb * a + vd * b;
  const upX = va * c + vc * d;
  const upY = vb * c + vd * d;
  return {
    text: item.str,
    x: va * e + vc * f + ve,
    y: vb * e + vd * f + vf,
    width: toFinite(item.width),
    size: Math.hypot(upX, upY) || 1,
    isRotated: Math.abs(alongY) > Math.abs(alongX) * 0.2,
  };
}

type Matrix = [number, number, number, number, number, number];

function toFinite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

function refuseWithoutText(pages: { count: number; blank: number; unreadable: number }): void {
  if (pages.count === 0 || (pages.unreadable === pages.count && pages.count > 0)) {
    throw new DocumentError('document_damaged', 'This PDF is damaged: none of its pages can be read.');
  }
  if (pages.blank + pages.unreadable < pages.count) return;
  throw new DocumentError(
    'document_no_text_layer',
    'This PDF contains only pictures of pages, no text (a scan, perhaps); run text recognition (OCR) and upload the result.',
  );
}

function listPages(numbers: readonly number[]): string {
  const listed = numbers.slice(0, MAX_LISTED_PAGES).join(', ');
  const others = numbers.length > MAX_LISTED_PAGES ? ` and ${numbers.length - MAX_LISTED_PAGES} others` : '';
  return `${numbers.length === 1 ? 'Page' : 'Pages'} ${listed}${others}`;
}

async function readMetadataTitle(pdf: PDFDocumentProxy): Promise<string | undefined> {
  const { info } = await pdf.getMetadata().catch(() => ({ info: {} }));
  const title = 'Title' in info && typeof info.Title === 'string' ? info.Title.trim() : '';
  return title === '' || MEANINGLESS_TITLE.test(title) ? undefined : title;
}

/** The largest line of the first page that has text, when it stands out from the rest. */
function findLargestLine(pages: readonly (readonly PdfLine[])[]): string | undefined {
  const first = pages.find((page) => page.length > 0) ?? [];
  const sizes = first.map((line) => line.size).sort((a, b) => a - b);
  const usual = sizes[Math.floor(sizes.length / 2)] ?? 0;
  const largest = Math.max(0, ...sizes);
  const line = first.find((candidate) => candidate.size === largest && candidate.text.length >= 4);
  return largest > usual * 1.1 && line !== undefined && line.text.length <= 200 ? line.text : undefined;
}
