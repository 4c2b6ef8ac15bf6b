import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** An event stream read frame by frame. */
export interface StreamReader {
  /** The next frame; undefined when the stream ended. Fails after the deadline. */
  next(timeoutMs?: number): Promise<EventSourceMessage | undefined>;
  /** All frames up to the end of the stream. */
  rest(timeoutMs?: number): Promise<EventSourceMessage[]>;
  retries: number[];
  comments: string[];
  cancel(): Promise<void>;
}

export function readStream(response: Response): StreamReader {
  if (!response.body) throw new Error('the answer has no body');
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const queue: EventSourceMessage[] = [];
  const retries: number[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: (event) => queue.push(event),
    onRetry: (ms) => retries.push(ms),
    onComment: (text) => comments.push(text),
  });
  async function next(timeoutMs = 5_000): Promise<EventSourceMessage | undefined> {
    const deadline = performance.now() + timeoutMs;
    while (queue.length === 0) {
      const chunk = await withDeadline(reader.read(), deadline - performance.now());
      if (chunk.done) return undefined;
      parser.feed(decoder.decode(chunk.value, { stream: true }));
    }
    return queue.shift();
  }
  return {
    next,
    async rest(timeoutMs = 10_000) {
      const deadline = performance.now() + timeoutMs;
      const frames: EventSourceMessage[] = [];
      for (let frame = await next(timeoutMs); frame; frame = await next(deadline - performance.now()))
        frames.push(frame);
      return frames;
    },
    retries,
    comments,
    cancel: () => reader.cancel().catch(() => undefined),
  };
}

async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('nothing came from the stream in time')), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
