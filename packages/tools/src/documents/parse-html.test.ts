import { describe, expect, it } from 'vitest';
import { convertHtml, parseHtml } from './parse-html.ts';

function read(html: string): { title?: string | undefined; text: string } {
  const { title, pages } = parseHtml({ bytes: Buffer.from(html), name: 'page.html', mediaType: undefined });
  return { title, text: pages.join('\n') };
}

describe('parseHtml', () => {
  it.each([
    '<!doctype html><html lang="ar" dir="rtl"><meta charset="utf-8"><title>T</title><body><h1>H</h1><p>One.</p></body></html>',
    '<!doctype html><html><title>T</title><h1>H</h1><p>One.</p></html>',
    '<html><head><title>T</title></head><h1>H</h1><p>One.</p></html>',
    '<title>T</title><h1>H</h1><p>One.',
    '<h1>H</h1><p>One.</p>',
  ])('finds the text of %s, which leaves elements out that HTML implies', (html) => {
    expect(read(html).text).toContain('One.');
  });

  it('takes the part of the title that is a heading of the page, whichever side the site name is on', () => {
    const page = (title: string) => `<html><head><title>${title}</title></head><body>
      <h1>The Book</h1><h2>What Is Ownership?#</h2><p>Ownership is a set of rules.</p></body></html>`;
    expect(read(page('What is Ownership? - The Book')).title).toBe('What is Ownership?');
    expect(read(page('Acme GmbH | What Is Ownership?')).title).toBe('What Is Ownership?');
    expect(read(page('Chapter 4')).title).toBe('Chapter 4');
  });

  it('begins the text with the title when the page says it nowhere else', () => {
    expect(read('<html><head><title>Price list</title></head><body><p>Oak 40 €.</p></body></html>').text).toBe(
      '# Price list\n\nOak 40 €.',
    );
  });

  it('has no text when a page is drawn by its script alone', () => {
    expect(read('<html><head><title>App</title></head><body><div id="root"></div></body></html>').text).toBe('');
  });
});

describe('convertHtml', () => {
  it('adds no title when the HTML is the body of a message', () => {
    const html = '<html><head><title>Newsletter</title></head><body><p>Hello.</p></body></html>';
    expect(convertHtml(html, { isFragment: true }).pages).toEqual(['Hello.']);
  });
});
