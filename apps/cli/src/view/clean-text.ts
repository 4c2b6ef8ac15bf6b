import { stripVTControlCharacters } from 'node:util';

/**
 * Makes text of a document, a file name or a model safe for one line of a terminal: escape sequences, control and
 * invisible formatting characters (which could turn the direction of the line) are taken out, white space is made one.
 */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, '')
    .trim();
}
