import mammoth from 'mammoth';
import { checkZipSizes } from './check-zip-sizes.ts';
import { DocumentError } from './document-error.ts';
import type { DocumentSource, ParsedDocument } from './document-source.ts';
import { findTitleLine } from './find-title-line.ts';
import { convertHtml } from './parse-html.ts';

/** Reads a Word document: headings, lists, tables and footnotes as Markdown; pictures are left out. */
export async function parseDocx(source: DocumentSource): Promise<ParsedDocument> {
  checkZipSizes(source.bytes);
  const buffer = Buffer.from(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength);
  const { html, pictures } = await convertDocx(buffer);
  const { pages, warnings } = convertHtml(html, { isFragment: true });
  const text = pages.join('\n\n');
  if (text.trim() === '' && pictures > 0) {
    throw new DocumentError(
      'document_no_text_layer',
      'This Word document contains only pictures; run text recognition (OCR) first and upload the result.',
    );
  }
  const title = /^#{1,2} (.+)$/mu.exec(text)?.[1] ?? findTitleLine(text);
  if (pictures > 0) warnings.push(`${pictures} picture${pictures === 1 ? ' was' : 's were'} left out.`);
  return { title, pages: [text], hasOwnPages: false, warnings };
}

async function convertDocx(buffer: Buffer): Promise<{ html: string; pictures: number }> {
  let pictures = 0;
  const convertImage = mammoth.images.imgElement(async () => {
    pictures++;
    return { src: '' };
  });
  try {
    const result = await mammoth.convertToHtml(
      { buffer },
      { convertImage, styleMap: STYLE_MAP, externalFileAccess: false, includeEmbeddedStyleMap: false },
    );
    return { html: result.value, pictures };
  } catch (error) {
    throw new DocumentError(
      'document_damaged',
      'This Word document is damaged and cannot be opened; save it again or upload another copy.',
      { cause: error },
    );
  }
}

/** Word's title styles, which mammoth does not map by itself, under their English and German names. */
const STYLE_MAP = [
  "p[style-name='Title'] => h1:fresh",
  "p[style-name='Titel'] => h1:fresh",
  "p[style-name='Subtitle'] => p:fresh",
];
