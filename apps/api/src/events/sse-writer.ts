import type { ServerResponse } from 'node:http';

/** Text that may wait in the process for one slow reader; beyond it nothing more is taken from the log. */
const MAX_BUFFERED_BYTES = 256 * 1024;

const RETRY_MIN_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;
/** What an overloaded process asks for (API.md 3). */
const RETRY_OVERLOADED_MS = 15_000;

/** Writes an event stream to one reader. */
export interface SseWriter {
  /** Resolves when the reader has room for more; false when it is gone or was cut off for being too slow. */
  write(text: string): Promise<boolean>;
  /**
   * Something small that keeps proxies from closing an idle connection, a comment unless told otherwise. Left out, and
   * false, when the reader is behind anyway.
   */
  beat(text?: string): boolean;
  end(lastText?: string): void;
}

/**
 * Starts the answer: headers and the first line leave at once, before there is any event. A reader that takes nothing for
 * `slowReaderMs` is cut off; it resumes by id (I17).
 */
export function startSse(response: ServerResponse, { slowReaderMs }: { slowReaderMs: number }): SseWriter {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  response.write(toRetry());
  return {
    async write(text) {
      if (response.destroyed || response.writableEnded) return false;
      response.write(text);
      if (response.writableLength <= MAX_BUFFERED_BYTES) return true;
      const drained = await waitForDrain(response, slowReaderMs);
      if (!drained) response.destroy();
      return drained;
    },
    beat(text = ': \n\n') {
      if (response.destroyed || response.writableEnded || response.writableNeedDrain) return false;
      response.write(text);
      return true;
    },
    end(lastText = '') {
      if (!response.destroyed && !response.writableEnded) response.end(lastText);
    },
  };
}

/** Asks the reader to come back later, with jitter, so that those who were cut together do not return together. */
export function toRetry(kind: 'usual' | 'overloaded' = 'usual'): string {
  const floorMs = kind === 'overloaded' ? RETRY_OVERLOADED_MS : RETRY_MIN_MS;
  return `retry: ${floorMs + Math.floor(Math.random() * RETRY_SPREAD_MS)}\n\n`;
}

/** A control frame: not an event of the log, its id is the cursor it moves to. */
export function toControlFrame(
  type: 'stream.checkpoint' | 'stream.rotate' | 'stream.gap' | 'task.snapshot',
  cursor: number,
  data: Record<string, unknown> = {},
): string {
  return `id: ${cursor}\nevent: ${type}\ndata: ${JSON.stringify({ type, cursor, ...data })}\n\n`;
}

/** Drain, close or the deadline, whichever comes first: a reader that went away never drains. */
function waitForDrain(response: ServerResponse, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (drained: boolean) => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      response.off('close', onClose);
      resolve(drained);
    };
    const onDrain = () => finish(true);
    const onClose = () => finish(false);
    const timer = setTimeout(() => finish(false), timeoutMs);
    response.once('drain', onDrain);
    response.once('close', onClose);
  });
}
