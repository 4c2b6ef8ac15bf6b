import { refuse } from '../http/refuse.ts';

const CURSOR = /^(0|[1-9]\d{0,15})$/;

/**
 * The cursor of a reader: a sequence number. The header wins, because EventSource sends it when it reconnects to the
 * URL it was given first. A header that was sent twice arrives as `1, 2` and is malformed.
 * @throws RequestError malformed_cursor
 */
export function parseCursor(given: { lastEventId: string | string[] | undefined; after: string | undefined }): number {
  const header = Array.isArray(given.lastEventId) ? given.lastEventId.join(', ') : given.lastEventId;
  // An EventSource that has seen no id yet may send an empty header.
  const text = header ? header : given.after;
  if (text === undefined) return 0;
  const cursor = CURSOR.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(cursor)) {
    throw refuse('malformed_cursor', 'A cursor is the id of an event: a whole number, 0 for the beginning.');
  }
  return cursor;
}

/**
 * A reader that is ahead of the log has a cursor of another task, or the log was lost: going on would be silence.
 * @throws RequestError cursor_ahead
 */
export function assertNotAhead(cursor: number, lastSeq: number): void {
  if (cursor > lastSeq) throw refuse('cursor_ahead', `The log ends at ${lastSeq}.`);
}
