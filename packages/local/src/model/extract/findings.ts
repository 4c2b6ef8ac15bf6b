/** The kinds of document the stand-in can tell apart. */
export const DOCUMENT_KINDS = [
  'contract',
  'invoice',
  'incident_report',
  'minutes',
  'handbook',
  'email',
  'report',
  'table',
  'letter',
  'article',
  'other',
] as const;

export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

export const NAME_TYPES = ['person', 'organization', 'place', 'other'] as const;
export type NameType = (typeof NAME_TYPES)[number];

/** A date as written; `iso` is YYYY-MM-DD, or YYYY-MM when no day is given, and absent when it is ambiguous. */
export interface DateFact {
  text: string;
  iso?: string;
}

/** An amount as written; `weight` says how much it matters (a total more than a line item). */
export interface AmountFact {
  text: string;
  value?: number;
  currency?: string;
  weight: number;
}

export interface NameFact {
  text: string;
  type: NameType;
  count: number;
}

/** Something with a score; higher is better. */
export interface Scored {
  text: string;
  score: number;
}

/** A sentence worth telling, with the page it is on. */
export interface SentenceFact extends Scored {
  page: number;
}

/** What was found in some part of a document. Lists are best first, except dates and sentences: in reading order. */
export interface Findings {
  titles: Scored[];
  kinds: Scored[];
  /** ISO 639-1 code and the letters that speak for it. */
  languages: Scored[];
  dates: DateFact[];
  amounts: AmountFact[];
  names: NameFact[];
  sentences: SentenceFact[];
}
