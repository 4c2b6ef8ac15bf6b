import MiniSearch, { type SearchResult } from 'minisearch';
import { cutSnippet } from './cut-snippet.ts';
import { foldWord, tokenizeWords } from './tokenize-words.ts';

export const DEFAULT_SEARCH_LIMIT = 10;
export const MAX_SEARCH_LIMIT = 50;
/** A query is a few words; the rest of a longer one is ignored. */
const MAX_QUERY_CHARS = 500;
/** Shorter words are matched as they are: "at" must not find "attic", nor "2026" find "2025". */
const MIN_PREFIX_CHARS = 3;
const MIN_FUZZY_CHARS = 6;
const FUZZY_SHARE = 0.15;
const NAME_BOOST = 1.5;
/** For a page that contains the query word for word. */
const PHRASE_BOOST = 1.6;

export interface SearchablePage {
  documentId: string;
  name: string;
  /** Beginning with 1. */
  page: number;
  text: string;
}

export interface SearchHit {
  /** `partial`: best of the document that was just added; `final`: part of the ranking over all documents. */
  stage: 'partial' | 'final';
  documentId: string;
  name: string;
  page: number;
  /** Larger is better; partial scores are provisional. */
  score: number;
  /** About 240 characters around the best place. */
  snippet: string;
}

export interface SearchOptions {
  /** Hits of the final ranking, and of each document while it goes on. Default 10, at most 50. */
  limit?: number | undefined;
}

/** A search that goes on while documents arrive. */
export interface PageSearch {
  /** Adds the pages of one document and returns its own hits, best first. */
  addDocument(pages: readonly SearchablePage[]): SearchHit[];
  /** The ranking over everything that was added. */
  rank(): SearchHit[];
}

/** Opens a search for one query, for documents that become readable one after the other. */
export function createPageSearch(query: string, options: SearchOptions = {}): PageSearch {
  const limit = Math.min(MAX_SEARCH_LIMIT, Math.max(1, Math.trunc(options.limit ?? DEFAULT_SEARCH_LIMIT)));
  const words = query.slice(0, MAX_QUERY_CHARS);
  const phrase = foldWord(words).replace(/\s+/gu, ' ').trim();
  const pages: SearchablePage[] = [];
  const index = openIndex();

  const search = (stage: SearchHit['stage'], from: number): SearchHit[] =>
    index
      .search(words, { filter: ({ id }) => Number(id) >= from })
      .slice(0, limit * 3)
      .flatMap((result) => toHit(stage, result, pages[Number(result.id)], phrase))
      .sort(compareHits)
      .slice(0, limit);

  return {
    addDocument(added) {
      const from = pages.length;
      pages.push(...added);
      index.addAll(added.map((page, i) => ({ id: from + i, name: page.name, text: page.text })));
      return search('partial', from);
    },
    rank: () => search('final', 0),
  };
}

/**
 * Searches pages and yields as it goes: for each document, as soon as it is indexed, its own hits (`partial`), and at
 * the end the ranking over all of them (`final`). Pages of one document must follow one another. Nothing is yielded
 * for a query without words or without a match.
 */
export function* searchPages(
  pages: Iterable<SearchablePage>,
  query: string,
  options: SearchOptions = {},
): Generator<SearchHit, void, undefined> {
  const search = createPageSearch(query, options);
  let document: SearchablePage[] = [];
  for (const page of pages) {
    if (document[0] !== undefined && document[0].documentId !== page.documentId) {
      yield* search.addDocument(document);
      document = [];
    }
    document.push(page);
  }
  if (document.length > 0) yield* search.addDocument(document);
  yield* search.rank();
}

interface IndexedPage {
  id: number;
  name: string;
  text: string;
}

function openIndex(): MiniSearch<IndexedPage> {
  return new MiniSearch<IndexedPage>({
    fields: ['text', 'name'],
    tokenize: tokenizeWords,
    // The tokenizer has folded the terms already.
    processTerm: (term) => term,
    searchOptions: {
      boost: { name: NAME_BOOST },
      prefix: (term) => term.length >= MIN_PREFIX_CHARS && !/\d/u.test(term),
      fuzzy: (term) => (term.length >= MIN_FUZZY_CHARS && !/\d/u.test(term) ? FUZZY_SHARE : false),
      weights: { prefix: 0.5, fuzzy: 0.3 },
    },
  });
}

function toHit(
  stage: SearchHit['stage'],
  result: SearchResult,
  page: SearchablePage | undefined,
  phrase: string,
): SearchHit[] {
  if (page === undefined) return [];
  const isPhrase = phrase.includes(' ') && foldWord(page.text).replace(/\s+/gu, ' ').includes(phrase);
  const score = Math.round(result.score * (isPhrase ? PHRASE_BOOST : 1) * 1000) / 1000;
  const snippet = cutSnippet(page.text, new Set(result.terms));
  return [{ stage, documentId: page.documentId, name: page.name, page: page.page, score, snippet }];
}

/** Equal scores keep the order of documents and pages, so that a replay gives the same answer. */
function compareHits(a: SearchHit, b: SearchHit): number {
  return b.score - a.score || (a.documentId === b.documentId ? a.page - b.page : 0);
}
