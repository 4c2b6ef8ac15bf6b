import { describe, expect, it } from 'vitest';
import { splitSentences, splitUtterances } from './split-speech.ts';

describe('splitSentences', () => {
  it('gives where each sentence is and skips what has nothing to say', () => {
    const text = '  First one.  Second\nThird!\n---\n';
    const sentences = splitSentences(text);
    expect(sentences.map((sentence) => sentence.text)).toEqual(['First one.', 'Second', 'Third!']);
    for (const { text: part, start, end } of sentences) expect(text.slice(start, end)).toBe(part);
  });
});

describe('splitUtterances', () => {
  it('loses no word of a long sentence and keeps every utterance short', () => {
    const sentence = Array.from({ length: 300 }, (_, index) => `word${index}${index % 17 === 0 ? ',' : ''}`).join(' ');
    const utterances = splitUtterances(sentence);
    expect(utterances.join(' ')).toBe(sentence);
    expect(Math.max(...utterances.map((each) => each.length))).toBeLessThanOrEqual(240);
  });

  it('cuts a text without any space', () => {
    expect(splitUtterances('x'.repeat(1000)).map((each) => each.length)).toEqual([240, 240, 240, 240, 40]);
  });
});
