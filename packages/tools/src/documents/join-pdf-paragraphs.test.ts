import { describe, expect, it } from 'vitest';
import { joinPdfLines } from './join-pdf-lines.ts';
import { joinPdfParagraphs, readVocabulary } from './join-pdf-paragraphs.ts';
import type { PdfLine, PdfTextRun } from './pdf-text-run.ts';

function line(text: string, y: number, options: Partial<PdfLine> = {}): PdfLine {
  return { text, y, left: 50, right: 500, size: 10, cells: 1, ...options };
}

function run(text: string, x: number, y: number, options: Partial<PdfTextRun> = {}): PdfTextRun {
  return { text, x, y, width: text.length * 5, size: 10, isRotated: false, ...options };
}

function join(lines: PdfLine[], known: string[] = []): string {
  return joinPdfParagraphs(lines, new Set([...readVocabulary([lines]), ...known]));
}

describe('joinPdfParagraphs', () => {
  it('joins running lines and repairs words broken by a hyphen', () => {
    expect(join([line('The foun-', 100), line('dation is', 112), line('sound.', 124)])).toBe(
      'The foundation is sound.',
    );
  });

  it('keeps the hyphen of compounds that the document always writes with one', () => {
    const lines = [line('a long-', 100), line('term view', 112), line('of the matter', 124)];
    expect(join(lines, ['long-term'])).toBe('a long-term view of the matter');
    expect(join(lines)).toBe('a longterm view of the matter');
  });

  it('keeps suspended hyphens and hyphens before capitals', () => {
    expect(join([line('Vor-', 100), line('und Nachname', 112)])).toBe('Vor- und Nachname');
    expect(join([line('Nord-', 100), line('Süd-Achse', 112)])).toBe('Nord-Süd-Achse');
  });

  it('begins a new line after a short line, at a list item and at a table row', () => {
    const lines = [
      line('Dear Sir,', 100, { right: 90 }),
      line('we write', 112),
      line('- one', 124),
      line('a   1', 136, { cells: 2 }),
    ];
    expect(join(lines)).toBe('Dear Sir,\nwe write\n- one\na   1');
  });

  it('takes a number at the start of a line for a list only after a sentence', () => {
    expect(join([line('spans of 11.4,', 100), line('16.8 and 11.4 metres.', 112), line('2.1 Next', 124)])).toBe(
      'spans of 11.4, 16.8 and 11.4 metres.\n2.1 Next',
    );
  });

  it('leaves a blank line where the page has a gap', () => {
    expect(join([line('a', 100), line('b', 112), line('c', 140), line('d', 152)])).toBe('a b\n\nc d');
  });

  it('measures lines against their own column', () => {
    const left = Array.from({ length: 6 }, (_, i) => line(`left ${i}`, 100 + i * 12, { right: 240 }));
    const right = Array.from({ length: 6 }, (_, i) => line(`right ${i}`, 100 + i * 12, { left: 260, right: 450 }));
    expect(join([...left, ...right])).toBe(
      'left 0 left 1 left 2 left 3 left 4 left 5\n\nright 0 right 1 right 2 right 3 right 4 right 5',
    );
  });
});

describe('joinPdfLines', () => {
  it('puts the pieces of a line together with the spaces that were meant', () => {
    const lines = joinPdfLines([run('Total', 50, 100), run('due', 78, 100), run('12,50', 300, 100), run('x', 325, 98)]);
    expect(lines).toMatchObject([{ text: 'Total due   12,50x', cells: 2 }]);
  });

  it('reads a table that was drawn column by column row by row', () => {
    const columns = [50, 150, 250].flatMap((x, c) =>
      Array.from({ length: 8 }, (_, r) => run(`r${r}c${c}`, x, 100 + r * 14)),
    );
    expect(joinPdfLines(columns)[1]?.text).toBe('r1c0   r1c1   r1c2');
  });

  it('keeps columns of prose apart', () => {
    const prose = [50, 300].flatMap((x, c) =>
      Array.from({ length: 8 }, (_, r) => run(`column ${c} line ${r} with a number of words`, x, 100 + r * 14)),
    );
    expect(joinPdfLines(prose)[8]?.text).toBe('column 1 line 0 with a number of words');
  });

  it('puts rotated text last', () => {
    const lines = joinPdfLines([run('DRAFT', 10, 400, { isRotated: true }), run('Hello', 50, 100)]);
    expect(lines.map(({ text }) => text)).toEqual(['Hello', 'DRAFT']);
  });
});
