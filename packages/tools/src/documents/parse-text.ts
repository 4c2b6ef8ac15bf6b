import { decodeText, readCharsetParameter } from './decode-text.ts';
import type { DocumentSource, ParsedDocument } from './document-source.ts';
import { dropHtmlTags } from './drop-html-tags.ts';
import { findTitleLine } from './find-title-line.ts';

const MAX_FRONT_MATTER_CHARS = 10_000;

/** Plain text as it is. Its title is a short first line, if there is one. */
export function parseText(source: DocumentSource): ParsedDocument {
  const { text, warnings } = decodeText(source.bytes, readCharsetParameter(source.mediaType));
  return { title: findTitleLine(text), pages: [text], hasOwnPages: false, warnings };
}

/** Markdown as it is: it is what the other kinds are turned into. Comments and tags, which no reader sees, are dropped. */
export function parseMarkdown(source: DocumentSource): ParsedDocument {
  const { text, warnings } = decodeText(source.bytes, readCharsetParameter(source.mediaType));
  const shown = dropHtmlTags(dropComments(layOutFrontMatter(text)));
  const title = readFrontMatterTitle(text) ?? readFirstHeading(shown);
  return { title, pages: [shown], hasOwnPages: false, warnings };
}

const FRONT_MATTER = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---\r?\n/u;

/** Its fields each in a paragraph: as lines of one paragraph they would run into each other. */
function layOutFrontMatter(text: string): string {
  const match = FRONT_MATTER.exec(text.slice(0, MAX_FRONT_MATTER_CHARS));
  if (match === null) return text;
  return `${(match[1] ?? '').replace(/\r?\n(?=\S)/gu, '\n\n')}\n\n${text.slice(match[0].length)}`;
}

function readFrontMatterTitle(text: string): string | undefined {
  const matter = FRONT_MATTER.exec(text.slice(0, MAX_FRONT_MATTER_CHARS))?.[1];
  return /^title:\s*["']?(.+?)["']?\s*$/mu.exec(matter ?? '')?.[1];
}

function readFirstHeading(text: string): string | undefined {
  const atx = /^#{1,3}\s+(.+?)\s*#*\s*$/mu.exec(text)?.[1];
  return atx ?? /^(\S.*)\r?\n=+\s*$/mu.exec(text)?.[1];
}

/** Takes out what stands between `<!--` and `-->`; an unclosed comment stays, so that it cannot hide the rest. */
function dropComments(text: string): string {
  const kept: string[] = [];
  let position = 0;
  for (;;) {
    const start = text.indexOf('<!--', position);
    const end = start < 0 ? -1 : text.indexOf('-->', start + 4);
    if (end < 0) return kept.join('') + text.slice(position);
    kept.push(text.slice(position, start));
    position = end + 3;
  }
}
