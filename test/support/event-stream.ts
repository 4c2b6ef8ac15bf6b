import { createParser } from 'eventsource-parser';

/** A frame as a client got it. */
export interface ReceivedFrame {
  id: number;
  type: string;
  data: { sequence_number?: number; epoch?: number; data?: Record<string, unknown>; created_at?: string };
}

export interface OpenStream {
  status: number;
  frames: AsyncGenerator<ReceivedFrame, void, void>;
  /** Cuts the connection, as a network does. */
  cut(): void;
}

/** Opens the event stream of a task from a cursor. Frames are everything with an id, control frames included. */
export async function openEventStream(
  url: string,
  options: { key: string; lastEventId?: number },
): Promise<OpenStream> {
  const controller = new AbortController();
  const response = await fetch(url, {
    signal: controller.signal,
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${options.key}`,
      ...(options.lastEventId === undefined ? {} : { 'last-event-id': String(options.lastEventId) }),
    },
  });
  return { status: response.status, frames: readFrames(response, controller.signal), cut: () => controller.abort() };
}

async function* readFrames(response: Response, signal: AbortSignal): AsyncGenerator<ReceivedFrame, void, void> {
  const ready: ReceivedFrame[] = [];
  const parser = createParser({
    onEvent(event) {
      if (event.id !== undefined) {
        ready.push({ id: Number(event.id), type: event.event ?? 'message', data: JSON.parse(event.data) });
      }
    },
  });
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  if (!reader) return;
  const cut = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
  while (!signal.aborted) {
    // A server that goes away ends the body with a TypeError; a cut of ours need not end it at all.
    const next = await Promise.race([reader.read().catch(() => undefined), cut]);
    if (!next || next.done) return;
    parser.feed(decoder.decode(next.value, { stream: true }));
    for (const frame of ready.splice(0)) {
      if (signal.aborted) return;
      yield frame;
    }
  }
}

const FINAL = new Set(['task.completed', 'task.failed', 'task.cancelled', 'task.expired']);

/**
 * Watches a task as a careful client does: reconnects with the last id it has until the final event. Returns everything
 * it was given, in the order it was given. `onFrame` may cut the stream.
 */
export async function watchTask(
  url: string,
  options: { key: string; deadlineMs?: number; onFrame?(frame: ReceivedFrame, cut: () => void): void },
): Promise<ReceivedFrame[]> {
  const received: ReceivedFrame[] = [];
  const deadline = performance.now() + (options.deadlineMs ?? 60_000);
  while (performance.now() < deadline) {
    const lastEventId = received.at(-1)?.id;
    const stream = await openEventStream(url, {
      key: options.key,
      ...(lastEventId === undefined ? {} : { lastEventId }),
    }).catch(() => undefined);
    if (stream?.status === 204) return received;
    if (stream?.status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      continue;
    }
    const timer = setTimeout(() => stream.cut(), Math.max(0, deadline - performance.now()));
    for await (const frame of stream.frames) {
      if (frame.data.sequence_number !== undefined) received.push(frame);
      options.onFrame?.(frame, () => stream.cut());
    }
    clearTimeout(timer);
    if (FINAL.has(received.at(-1)?.type ?? '')) return received;
  }
  throw new Error(`no final event; got ${received.map((frame) => `${frame.id} ${frame.type}`).join(', ')}`);
}
