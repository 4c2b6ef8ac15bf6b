const MAX_TITLE_LINE_CHARS = 120;

/** A short first line that reads like a title (no sentence, list item, table row or code), for documents without headings. */
export function findTitleLine(text: string): string | undefined {
  const line = text.trim().split(/\r?\n/u, 1)[0]?.replace(/[*_]/gu, '').trim() ?? '';
  const isTitle = line.length >= 3 && line.length <= MAX_TITLE_LINE_CHARS && /^[\p{L}\d"„“«¿¡]/u.test(line);
  const isOther =
    /[.,;:{}|]$/u.test(line) || /^(?:[-•]|\d+[.)])\s/u.test(line) || (line.match(/[,;|\t=]/gu)?.length ?? 0) > 2;
  return isTitle && !isOther ? line : undefined;
}
