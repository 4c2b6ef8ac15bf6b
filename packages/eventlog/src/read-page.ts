import type { TaskId, Visibility } from '@nightshift/domain';
import { type TypeFilter, toSlice } from './event-slice.ts';
import { type LogReader, readLog } from './read-log.ts';
import type { WireEvent } from './render-row.ts';

export interface PageOptions {
  after: number;
  limit: number;
  visibility: Visibility;
  filter?: TypeFilter;
}

/** At most `limit` events after the cursor, and the cursor to go on from, which may be past the last of them. */
export async function readPage(
  deps: LogReader,
  taskId: TaskId,
  { after, limit, visibility, filter }: PageOptions,
): Promise<{ events: WireEvent[]; lastSeq: number }> {
  const events: WireEvent[] = [];
  let cursor = after;
  for (;;) {
    const entries = await readLog(deps, taskId, cursor);
    for (const entry of entries) {
      for (const event of toSlice(entry, cursor, visibility).toJson(filter)) {
        if (events.length === limit) return { events, lastSeq: events.at(-1)?.sequence_number ?? after };
        events.push(event);
      }
      cursor = entry.lastSeq;
    }
    if (entries.length === 0) return { events, lastSeq: cursor };
  }
}
