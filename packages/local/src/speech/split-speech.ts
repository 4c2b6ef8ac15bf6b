/** A stretch of text and where it is in the original, as UTF-16 indexes. */
export interface TextStretch {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Longer utterances are cut at a clause or a space: one takes about 0.1 s to speak and is the step in which requests take turns. */
const MAX_UTTERANCE_CHARS = 240;

/** The sentences of a text without the white space around them; text without letters or digits is left out. A line break ends a sentence. */
export function splitSentences(text: string): TextStretch[] {
  const sentences: TextStretch[] = [];
  for (const { segment, index } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)) {
    const trimmed = segment.trim();
    if (!/[\p{L}\p{N}]/u.test(trimmed)) continue;
    const start = index + segment.indexOf(trimmed);
    sentences.push({ text: trimmed, start, end: start + trimmed.length });
  }
  return sentences;
}

/** Cuts a sentence into utterances of at most MAX_UTTERANCE_CHARS, at the last clause, else the last space, else anywhere. */
export function splitUtterances(sentence: string): string[] {
  const utterances: string[] = [];
  let rest = sentence.trim();
  while (rest.length > MAX_UTTERANCE_CHARS) {
    const window = rest.slice(0, MAX_UTTERANCE_CHARS);
    const clause = Math.max(...[', ', '; ', ': ', ' - ', ') '].map((mark) => window.lastIndexOf(mark) + 1));
    const space = window.lastIndexOf(' ');
    const cut = clause > MAX_UTTERANCE_CHARS / 3 ? clause : space > 0 ? space : MAX_UTTERANCE_CHARS;
    utterances.push(rest.slice(0, cut).trim());
    rest = rest.slice(cut).trim();
  }
  if (rest !== '') utterances.push(rest);
  return utterances;
}
