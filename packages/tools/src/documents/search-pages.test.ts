import { describe, expect, it } from 'vitest';
import { cutSnippet } from './cut-snippet.ts';
import { createPageSearch, type SearchablePage, searchPages } from './search-pages.ts';

function page(documentId: string, number: number, text: string): SearchablePage {
  return { documentId, name: `${documentId}.txt`, page: number, text };
}

const PAGES = [
  page('a', 1, 'The gearbox was exchanged in spring. Nothing else happened.'),
  page('a', 2, 'Straßenbau in München, Rechnung RE-2026-0418 über 59.253,97 €.'),
  page('b', 1, 'Gearboxes and gearbox oil: the gearbox of turbine four.'),
  page('c', 1, '東京都の天気は晴れです'),
];

function final(query: string, limit?: number): string[] {
  const hits = [...searchPages(PAGES, query, { limit })].filter(({ stage }) => stage === 'final');
  return hits.map((hit) => `${hit.documentId}${hit.page}`);
}

describe('searchPages', () => {
  it('yields the hits of each document before the ranking over all', () => {
    const hits = [...searchPages(PAGES, 'gearbox')];
    expect(hits.map(({ stage, documentId }) => `${stage} ${documentId}`)).toEqual([
      'partial a',
      'partial b',
      'final b',
      'final a',
    ]);
    const first = searchPages(
      (function* () {
        yield* PAGES.slice(0, 3);
        throw new Error('read too far');
      })(),
      'gearbox',
    ).next();
    expect(first.value).toMatchObject({ stage: 'partial', documentId: 'a', page: 1 });
  });

  it('finds beginnings of words, small slips, other spellings and parts of numbers', () => {
    expect(final('gearb')).toEqual(['b1', 'a1']);
    expect(final('gearbux')).toContain('b1');
    expect(final('strassenbau munchen')).toEqual(['a2']);
    expect(final('RE-2026-0418')).toEqual(['a2']);
    expect(final('0418')).toEqual(['a2']);
    expect(final('59.253,97')).toEqual(['a2']);
    expect(final('天気')).toEqual(['c1']);
  });

  it('ranks the exact phrase first', () => {
    const pages = [page('x', 1, 'oil and turbine oil, turbine, oil'), page('y', 1, `${'word '.repeat(9)} turbine oil`)];
    const hits = [...searchPages(pages, 'word turbine oil')].filter(({ stage }) => stage === 'final');
    expect(hits[0]?.documentId).toBe('y');
  });

  it('does not take one number for another', () => {
    expect(final('0419')).toEqual([]);
  });

  it('keeps to the limit and answers nothing to nothing', () => {
    expect(final('gearbox', 1)).toEqual(['b1']);
    expect(final('gearbox', -5)).toEqual(['b1']);
    expect([...searchPages(PAGES, ' ?! ')]).toEqual([]);
    expect([...searchPages([], 'gearbox')]).toEqual([]);
  });
});

describe('createPageSearch', () => {
  it('ranks what has been added so far', () => {
    const search = createPageSearch('gearbox');
    expect(search.rank()).toEqual([]);
    search.addDocument(PAGES.slice(0, 2));
    expect(search.rank()).toHaveLength(1);
    search.addDocument(PAGES.slice(2, 3));
    expect(search.rank()[0]).toMatchObject({ stage: 'final', documentId: 'b' });
  });
});

describe('cutSnippet', () => {
  it('shows the place with the most terms, cut at words', () => {
    const text = `needle ${'hay '.repeat(200)} needle and thread ${'straw '.repeat(200)}`;
    const snippet = cutSnippet(text, new Set(['needle', 'thread']));
    expect(snippet).toContain('needle and thread');
    expect(snippet).toMatch(/^…hay .* straw…$/);
    expect(snippet.length).toBeLessThanOrEqual(250);
  });

  it('never cuts a character in half', () => {
    const snippet = cutSnippet(`${'😀'.repeat(300)} needle`, new Set(['needle']));
    expect(snippet.isWellFormed()).toBe(true);
  });
});
