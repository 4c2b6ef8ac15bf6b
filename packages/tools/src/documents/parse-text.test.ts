import { describe, expect, it } from 'vitest';
import { parseMarkdown } from './parse-text.ts';

function parse(text: string) {
  return parseMarkdown({ bytes: Buffer.from(text), name: 'page.md', mediaType: undefined });
}

describe('parseMarkdown', () => {
  it('lays the fields of the front matter out one by one and takes the title from it', () => {
    const { title, pages } = parse('---\ntitle: npm-install\nsection: 1\n---\n\n### Synopsis\n');
    expect(title).toBe('npm-install');
    expect(pages).toEqual(['title: npm-install\n\nsection: 1\n\n\n### Synopsis\n']);
  });

  it('leaves a text alone that begins with a rule', () => {
    expect(parse('---\n\nA rule stands above.\n').pages).toEqual(['---\n\nA rule stands above.\n']);
  });
});
