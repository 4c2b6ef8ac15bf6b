import type { TaskId, Visibility } from '@nightshift/domain';
import { type TypeFilter, toSlice } from './event-slice.ts';
import { type LogGap, type LogReader, readLog } from './read-log.ts';
import type { WireEvent } from './render-row.ts';

/** A page is held in memory: beyond this it ends before its limit. */
const MAX_PAGE_CHARS = 4 * 1024 * 1024;

/** A stretch of the log as JSON. */
export interface LogPage {
  events: WireEvent[];
  /** The cursor to go on from; it may be past the last visible event. */
  lastSeq: number;
  /** What is gone by retention before the first of the events. */
  gap?: LogGap;
}

export interface PageOptions {
  after: number;
  limit: number;
  visibility: Visibility;
  filter?: TypeFilter;
  /** Aborts when nobody wants the page any more. */
  signal?: AbortSignal;
}

/** At most `limit` events after the cursor, and the cursor to go on from, which may be past the last of them. */
export async function readPage(
  deps: LogReader,
  taskId: TaskId,
  { after, limit, visibility, filter }: PageOptions,
): Promise<LogPage> {
  const events: WireEvent[] = [];
  let cursor = after;
  let chars = 0;
  const found: { gap?: LogGap } = {};
  for (;;) {
    const { gap, entries } = await readLog(deps, taskId, cursor);
    if (gap && events.length > 0) return { events, lastSeq: cursor, ...found }; // the next page begins with it
    if (gap) {
      found.gap = { from: found.gap?.from ?? gap.from, to: gap.to };
      cursor = gap.to;
    }
    for (const entry of entries) {
      const slice = toSlice(entry, cursor, visibility);
      for (const event of slice.toJson(filter)) {
        if (events.length === limit) return { events, lastSeq: events.at(-1)?.sequence_number ?? cursor, ...found };
        events.push(event);
      }
      cursor = entry.lastSeq;
      if (events.length > 0) chars += slice.size;
      if (chars > MAX_PAGE_CHARS) return { events, lastSeq: cursor, ...found };
    }
    if (entries.length === 0 && !gap) return { events, lastSeq: cursor, ...found };
  }
}
