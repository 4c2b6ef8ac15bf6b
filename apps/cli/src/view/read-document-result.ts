import { isRecord } from '../http/is-record.ts';
import { cleanText } from './clean-text.ts';

const MAX_AMOUNTS = 2;
const MAX_DATES = 1;
const MAX_NAMES = 2;

/** What the table shows of a result of the agent `document-analyst`; a model may have left out anything. */
export interface DocumentSummary {
  readonly title: string;
  readonly kind: string;
  readonly language: string;
  /** Amounts, dates and names, the first of each. */
  readonly facts: readonly string[];
  /** Why the document could not be read; undefined when it was. */
  readonly unreadable: string | undefined;
}

/** Reads the result of a task; every text is safe to show. */
export function readDocumentResult(result: unknown): DocumentSummary {
  const fields = toRecord(result);
  return {
    title: readText(fields.title),
    kind: readText(fields.kind).replaceAll('_', ' '),
    language: readText(fields.language),
    facts: [
      ...readList(fields.amounts, MAX_AMOUNTS),
      ...readList(fields.dates, MAX_DATES),
      ...readList(fields.names, MAX_NAMES),
    ],
    unreadable: fields.pages_read === 0 ? explainUnread(fields.summary) : undefined,
  };
}

/** The agent says in its summary why no page could be read. */
function explainUnread(summary: unknown): string {
  return (Array.isArray(summary) ? readText(summary[0]) : '') || 'no page of it could be read';
}

/** Some models give the object as text. */
function toRecord(result: unknown): Record<string, unknown> {
  if (isRecord(result)) return result;
  if (typeof result !== 'string') return {};
  try {
    const parsed: unknown = JSON.parse(result);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return { title: result };
  }
}

function readText(value: unknown): string {
  return typeof value === 'string' ? cleanText(value) : '';
}

/** Facts are objects with a `text`, or texts; each once. */
function readList(value: unknown, max: number): string[] {
  if (!Array.isArray(value)) return [];
  const texts = value.map((item: unknown) => readText(isRecord(item) ? item.text : item)).filter((text) => text !== '');
  return [...new Set(texts)].slice(0, max);
}
