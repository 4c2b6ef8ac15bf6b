/**
 * One flush as readers get it: SSE text ready to send. When a flush holds developer-only events there are two texts, one
 * for each visibility, stored as `<length of the user text>:<user text><developer text>`; otherwise one, stored with a
 * leading `:`.
 */
export interface StreamEntry {
  firstSeq: number;
  lastSeq: number;
  /** The last event of the entry ends a run. */
  final: boolean;
  userText: string;
  developerText: string;
}

export function encodeTexts(entry: Pick<StreamEntry, 'userText' | 'developerText'>): string {
  if (entry.userText === entry.developerText) return `:${entry.userText}`;
  return `${entry.userText.length}:${entry.userText}${entry.developerText}`;
}

export function decodeTexts(texts: string): Pick<StreamEntry, 'userText' | 'developerText'> {
  const colon = texts.indexOf(':');
  const body = texts.slice(colon + 1);
  if (colon === 0) return { userText: body, developerText: body };
  const length = Number(texts.slice(0, colon));
  return { userText: body.slice(0, length), developerText: body.slice(length) };
}
