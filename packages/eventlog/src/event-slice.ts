import type { Visibility } from '@nightshift/domain';
import type { StreamEntry } from '@nightshift/streams';
import type { LogGap } from './read-log.ts';
import { parseFrame, seqOfFrame, splitFrames, typeOfFrame, type WireEvent } from './render-row.ts';

export type TypeFilter = (type: string) => boolean;

/** A stretch of a task's log as one reader sees it: contiguous, in order, beginning right after the reader's cursor. */
export interface EventSlice {
  firstSeq: number;
  lastSeq: number;
  /** Ends with an event that ends a run. */
  final: boolean;
  /** SSE text of the visible events; empty when there is none. */
  toSse(filter?: TypeFilter): string;
  toJson(filter?: TypeFilter): WireEvent[];
  /** Bytes it holds, roughly: what a buffer counts. */
  size: number;
  /** Instead of events: this stretch is gone. */
  gap?: LogGap;
}

/** A slice that holds no event and takes its reader past those that are gone. */
export function toGapSlice(gap: LogGap): EventSlice {
  return { firstSeq: gap.from, lastSeq: gap.to, final: false, size: 0, gap, toSse: () => '', toJson: () => [] };
}

/** The part of an entry after the cursor. Unfiltered and whole, the stored text is sent as it is. */
export function toSlice(entry: StreamEntry, after: number, visibility: Visibility): EventSlice {
  const text = visibility === 'developer' ? entry.developerText : entry.userText;
  const whole = entry.firstSeq > after;
  const frames = (filter?: TypeFilter) =>
    splitFrames(text).filter(
      (frame) => (whole || seqOfFrame(frame) > after) && (!filter || filter(typeOfFrame(frame))),
    );
  return {
    firstSeq: Math.max(entry.firstSeq, after + 1),
    lastSeq: entry.lastSeq,
    final: entry.final,
    size: text.length,
    toSse(filter) {
      if (whole && !filter) return text;
      return frames(filter)
        .map((frame) => `${frame}\n\n`)
        .join('');
    },
    toJson: (filter) => frames(filter).map(parseFrame),
  };
}
