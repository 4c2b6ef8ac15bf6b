import { describe, expect, it } from 'vitest';
import { joinPdfLines } from './join-pdf-lines.ts';
import type { PdfTextRun } from './pdf-text-run.ts';

/** Runs side by side on one line, each as wide as its text. */
function place(...texts: [text: string, x: number][]): PdfTextRun[] {
  return texts.map(([text, x]) => ({ text, x, y: 100, width: text.length * 5, size: 10, isRotated: false }));
}

describe('orderRightToLeft', () => {
  it('reads Arabic from the right when a browser drew it from the left, letter by letter, as shapes', () => {
    const runs = place(['ﺖ', 0], ['ک', 5], ['ﺮ', 10], ['ﺷ', 15], ['آب', 25]);
    expect(joinPdfLines(runs).map((line) => line.text)).toEqual(['آب شرکت']);
  });

  it('keeps numbers and foreign words in their own order when they stand in a Hebrew line', () => {
    const runs = place(['שלום לכולם', 75], ['Acme', 25], ['Ltd', 50], ['2025', 0]);
    expect(joinPdfLines(runs).map((line) => line.text)).toEqual(['שלום לכולם 2025 Acme Ltd']);
  });

  it('leaves a line to itself when a single Hebrew word is quoted in it', () => {
    const runs = place(['The word', 0], ['שלום', 45], ['means peace', 70]);
    expect(joinPdfLines(runs).map((line) => line.text)).toEqual(['The word שלום means peace']);
  });
});
