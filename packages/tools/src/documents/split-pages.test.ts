import { describe, expect, it } from 'vitest';
import { splitPages } from './split-pages.ts';

const squeeze = (text: string) => text.replace(/\s+/gu, '');

describe('splitPages', () => {
  it('cuts at paragraphs and loses nothing', () => {
    const text = Array.from({ length: 40 }, (_, i) => `Paragraph ${i}. ${'word '.repeat(30)}`).join('\n\n');
    const pages = splitPages(text, 1000);
    expect(pages.length).toBeGreaterThan(5);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(1000);
    for (const page of pages) expect(page).toMatch(/^Paragraph/);
    expect(squeeze(pages.join(''))).toBe(squeeze(text));
  });

  it('cuts one endless paragraph at sentences, and an endless word inside', () => {
    const sentences = 'This is a sentence. '.repeat(200);
    for (const page of splitPages(sentences, 500)) expect(page.trim()).toMatch(/^This.*sentence\.$/s);
    const word = '😀'.repeat(1000);
    const pages = splitPages(word, 333);
    expect(pages.join('')).toBe(word);
    for (const page of pages) expect(page.isWellFormed()).toBe(true);
  });

  it('starts a page with a heading rather than ending one with it', () => {
    const pages = splitPages(`${'x '.repeat(350)}\n\n## Next\n\nshort`, 1000);
    expect(pages[1]).toBe('## Next\n\nshort');
  });

  it('returns nothing for blank text', () => {
    expect(splitPages(' \n\n \n')).toEqual([]);
  });
});
