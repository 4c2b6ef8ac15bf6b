/** Polly bills and accepts 3,000 characters a request; some room for how it counts. */
export const MAX_PIECE_CHARS = 2_900;

/**
 * Cuts text into pieces that Polly takes, at the ends of sentences where it can, else between words, else anywhere but
 * inside of a character. Pieces without a letter or digit are left out: there is nothing to say, and Polly would bill.
 */
export function splitForSpeech(text: string, maxChars = MAX_PIECE_CHARS): string[] {
  // Polly refuses control characters; to a listener they are gaps.
  const speakable = text.toWellFormed().replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, (char) => (char === '\n' ? char : ' '));
  const pieces: string[] = [];
  let piece = '';
  for (const sentence of splitSentences(speakable).flatMap((part) => cutLong(part, maxChars))) {
    if (piece.length + sentence.length > maxChars) {
      pieces.push(piece);
      piece = '';
    }
    piece += sentence;
  }
  pieces.push(piece);
  return pieces.map((part) => part.trim()).filter((part) => /[\p{L}\p{N}]/u.test(part));
}

function splitSentences(text: string): string[] {
  const segmenter = new Intl.Segmenter(undefined, { granularity: 'sentence' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function cutLong(sentence: string, maxChars: number): string[] {
  const parts: string[] = [];
  let rest = sentence;
  while (rest.length > maxChars) {
    const end = findCut(rest, maxChars);
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  parts.push(rest);
  return parts;
}

/** After the last white space of the second half, else before whatever character does not fit. */
function findCut(text: string, maxChars: number): number {
  for (let at = maxChars; at > maxChars / 2; at--) if (/\s/.test(text.charAt(at - 1))) return at;
  return /[\uDC00-\uDFFF]/.test(text.charAt(maxChars)) ? maxChars - 1 : maxChars;
}
