import type { Socket } from 'node:net';

/** How fast bytes travel; may change at any time, for what is sent from then on. */
export interface Pace {
  latencyMs: number;
  bytesPerSecond: number;
}

/**
 * Passes bytes on in order, each chunk late by the latency and by its own length. What waits is bounded: the source is
 * paused while much is on its way or the sink takes nothing.
 */
export function createPacedPipe(source: Socket, sink: Socket, pace: Pace): (bytes: Buffer) => void {
  let lastDueAt = 0;
  let waiting = 0;
  const write = (bytes: Buffer) => {
    if (sink.destroyed || !sink.writable) return;
    if (sink.write(bytes)) return;
    source.pause();
    sink.once('drain', () => source.resume());
  };
  return (bytes) => {
    const now = performance.now();
    const travelMs = pace.latencyMs + (bytes.length / pace.bytesPerSecond) * 1_000;
    if (travelMs === 0 && waiting === 0) {
      write(bytes);
      return;
    }
    const startsAt = pace.bytesPerSecond === Number.POSITIVE_INFINITY ? now : Math.max(now, lastDueAt);
    lastDueAt = Math.max(lastDueAt, startsAt + travelMs);
    waiting += 1;
    if (waiting > 64) source.pause();
    setTimeout(() => {
      waiting -= 1;
      if (waiting <= 64) source.resume();
      write(bytes);
    }, lastDueAt - now);
  };
}
