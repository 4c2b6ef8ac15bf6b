import { describe, expect, it } from 'vitest';
import { dropHtmlTags } from './drop-html-tags.ts';

describe('dropHtmlTags', () => {
  it('leaves the words and the heading when a README is laid out with tags', () => {
    const readme =
      '<p align="center">\n  <img src="logo.png" alt="">\n  <h1 align="center">Zod</h1>\n</p>\nBy <b>Ada</b>.';
    expect(dropHtmlTags(readme)).toBe('\n\n# Zod\n\nBy Ada.');
  });

  it('leaves code, types and comparisons as they are', () => {
    const text = 'Use `<p>` for Array<T> when a < b and c > d.\n\n```html\n<p>kept</p>\n```';
    expect(dropHtmlTags(text)).toBe(text);
  });
});
