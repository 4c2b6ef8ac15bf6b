/** What a parser is given: the bytes, and the hints that came with them (never trusted alone). */
export interface DocumentSource {
  bytes: Uint8Array;
  /** File name as uploaded; only its extension is a hint. */
  name: string;
  /** Media type as declared, with parameters ("text/html; charset=iso-8859-1"). */
  mediaType?: string | undefined;
}

/** How much a parser may return. */
export interface ParseLimits {
  maxPages: number;
  maxCharsPerPage: number;
}

/** What a parser of one kind returns, before cleaning and splitting. */
export interface ParsedDocument {
  title?: string | undefined;
  /** Pages of the document itself, or one long page to be split. */
  pages: string[];
  /** False: `pages` is running text that is cut into pages of a comfortable size. */
  hasOwnPages: boolean;
  warnings: string[];
}

/** Extension in lower case without the dot, '' when there is none. */
export function readExtension(name: string): string {
  const match = /\.([A-Za-z0-9]{1,10})$/.exec(name.trim());
  return match?.[1]?.toLowerCase() ?? '';
}

/** The media type without parameters, in lower case; '' when none was declared. */
export function readBareMediaType(mediaType: string | undefined): string {
  return (mediaType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
