import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Delivery } from '../script/scripted-reply.ts';
import { toErrorBody } from './api-error.ts';
import { frameEvent, PING, type SseEvent } from './stream-events.ts';

/** Timers are no finer than this. */
const MIN_WAIT_MS = 1;

/** How a stream ended, as the request log records it. */
export type StreamEnd = 'completed' | 'cut' | 'stalled' | 'error_event' | 'client_left';

export interface WriteStreamOptions {
  response: ServerResponse;
  events: readonly SseEvent[];
  delivery: Delivery;
  /** Wait between two chunks, milliseconds; less than a timer can wait is saved up over several chunks. */
  delayMs: number;
  requestId: string;
  /** Aborts when the client leaves or the server closes. */
  signal: AbortSignal;
}

/** Applies extra events and the mid-stream error to the regular events. */
function arrangeEvents({ events, delivery, requestId }: WriteStreamOptions): SseEvent[] {
  const failAt = delivery.errorEvent?.afterEvents ?? Number.POSITIVE_INFINITY;
  const arranged: SseEvent[] = [];
  for (let at = 0; at <= events.length && at <= failAt; at += 1) {
    for (const extra of delivery.extraEvents ?? []) {
      if (extra.afterEvents === at) arranged.push({ event: extra.event, data: extra.data });
    }
    const event = events[at];
    if (at < failAt && event !== undefined) arranged.push(event);
  }
  if (delivery.errorEvent !== undefined) {
    const { errorType, message = 'Overloaded' } = delivery.errorEvent;
    arranged.push({ event: 'error', data: toErrorBody(errorType, message, requestId) });
  }
  return arranged;
}

async function write(response: ServerResponse, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (bytes.length > 0 && !response.write(bytes)) await once(response, 'drain', { signal });
}

async function cutConnection(response: ServerResponse, by: 'end' | 'fin' | 'rst'): Promise<void> {
  if (by === 'end') {
    response.end();
    return;
  }
  // Let what was written leave the process first, so the cut is at the byte the script names.
  await setImmediate();
  if (by === 'fin') response.socket?.end();
  else response.socket?.resetAndDestroy();
}

/** Holds the connection, with pings if asked, until the client leaves. */
async function stall(response: ServerResponse, pingEveryMs: number | undefined, signal: AbortSignal): Promise<void> {
  response.flushHeaders();
  while (!signal.aborted) {
    if (pingEveryMs === undefined) await once(signal, 'abort');
    else {
      await setTimeout(pingEveryMs, undefined, { signal });
      await write(response, frameEvent(PING), signal);
    }
  }
}

async function writePaced(options: WriteStreamOptions, progress: { bytes: number }): Promise<StreamEnd> {
  const { response, delivery, delayMs, signal } = options;
  const stopAt = Math.min(
    delivery.cut?.afterBytes ?? Number.POSITIVE_INFINITY,
    delivery.stall?.afterBytes ?? Number.POSITIVE_INFINITY,
  );
  response.flushHeaders();
  let owedMs = 0;
  for (const event of arrangeEvents(options)) {
    const frame = frameEvent(event);
    const step = delivery.writeBytes ?? frame.length;
    for (let at = 0; at < frame.length && progress.bytes < stopAt; at += step) {
      if (signal.aborted) return 'client_left';
      const piece = frame.subarray(at, Math.min(at + step, frame.length, at + stopAt - progress.bytes));
      await write(response, piece, signal);
      progress.bytes += piece.length;
      owedMs += delayMs;
      if (owedMs < MIN_WAIT_MS) continue;
      await setTimeout(owedMs, undefined, { signal });
      owedMs = 0;
    }
    if (progress.bytes >= stopAt) break;
  }
  if (delivery.cut !== undefined && progress.bytes >= delivery.cut.afterBytes) {
    await cutConnection(response, delivery.cut.by);
    return 'cut';
  }
  if (delivery.stall !== undefined && progress.bytes >= delivery.stall.afterBytes) {
    await stall(response, delivery.stall.pingEveryMs, signal);
    return 'stalled';
  }
  response.end();
  return delivery.errorEvent === undefined ? 'completed' : 'error_event';
}

/** Writes the events as an SSE body with the pace and the faults of `delivery`. Settles when nothing more is sent. */
export async function writeStream(options: WriteStreamOptions): Promise<{ end: StreamEnd; bytes: number }> {
  const progress = { bytes: 0 };
  try {
    const end = await writePaced(options, progress);
    return { end, bytes: progress.bytes };
  } catch (error) {
    if (!options.signal.aborted) throw error;
    const stalled = progress.bytes >= (options.delivery.stall?.afterBytes ?? Number.POSITIVE_INFINITY);
    return { end: stalled ? 'stalled' : 'client_left', bytes: progress.bytes };
  }
}
