import { createReadStream } from 'node:fs';
import type { DataFiles } from './data-files.ts';
import type { Segment } from './object-record.ts';

const READ_BYTES = 256 * 1024;

/** A stretch of bytes, both ends included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** Streams the bytes of a range out of the segments, one buffer at a time. */
export async function* readSegments(
  files: DataFiles,
  segments: readonly Segment[],
  range: ByteRange,
): AsyncGenerator<Buffer> {
  let offset = 0;
  for (const segment of segments) {
    const start = Math.max(range.start - offset, 0);
    const end = Math.min(range.end - offset, segment.sizeBytes - 1);
    offset += segment.sizeBytes;
    if (start > end) continue;
    const stream = createReadStream(files.pathOf(segment), { start, end, highWaterMark: READ_BYTES });
    let leftBytes = end - start + 1;
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) throw new Error('a stream of bytes yielded something else');
      leftBytes -= chunk.length;
      yield chunk;
    }
    if (leftBytes !== 0) throw new Error(`the data file ${segment.file} is ${leftBytes} bytes short`);
  }
}
