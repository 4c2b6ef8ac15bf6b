import { messageOf, type TaskId, type Visibility } from '@nightshift/domain';
import type { LogGap, TypeFilter } from '@nightshift/eventlog';
import type { Response } from 'express';
import type { ApiContext } from '../context.ts';
import type { Caller } from '../http/route.ts';
import { isStillValid } from '../middleware/authenticate.ts';
import { readSnapshot } from './read-snapshot.ts';
import { type SseWriter, startSse, toControlFrame, toRetry } from './sse-writer.ts';

export interface StreamRequest {
  taskId: TaskId;
  after: number;
  visibility: Visibility;
  filter: TypeFilter | undefined;
  caller: Caller;
  response: Response;
  /** Aborts when the client is gone. */
  gone: AbortSignal;
}

/** Why a stream ended; only `finished` is the end of the story. */
type Ending = 'finished' | 'gone' | 'rotate' | 'stopping' | 'revoked' | 'failed';

/** Streams of one age must not all be rotated in the same second. */
const ROTATE_SPREAD = 0.2;

/**
 * Sends the log of a task after the cursor as it is and as it grows, until the final event of its last run. Answers 200
 * whatever happens from here on: EventSource gives up for good on anything else, and would not come back.
 */
export async function streamEvents(context: ApiContext, request: StreamRequest): Promise<void> {
  const { response } = request;
  const leave = context.streamGate.enter(request.caller.tenantId);
  const startedAt = performance.now();
  const writer = startSse(response, context.config.streams);
  if (!leave) {
    writer.end(toRetry('overloaded'));
    return;
  }
  try {
    const cursor = { sent: request.after, passed: request.after };
    const ending = await pump(context, request, writer, cursor, startedAt);
    // Under a filter the reader may know less than it was taken past; without this it would replay it for nothing.
    const checkpoint = cursor.passed > cursor.sent ? toControlFrame('stream.checkpoint', cursor.passed) : '';
    switch (ending) {
      case 'finished':
        writer.end(checkpoint);
        break;
      case 'rotate':
        writer.end(`${toRetry()}${toControlFrame('stream.rotate', cursor.passed)}`);
        break;
      case 'stopping':
      case 'failed':
      case 'revoked':
        writer.end(`${checkpoint}${toRetry()}`);
        break;
      case 'gone':
        break;
      default:
        ending satisfies never;
    }
  } finally {
    leave();
  }
}

interface Cursor {
  /** The last id that was written to the reader. */
  sent: number;
  /** The last event that was looked at, visible or not. */
  passed: number;
}

async function pump(
  context: ApiContext,
  request: StreamRequest,
  writer: SseWriter,
  cursor: Cursor,
  startedAt: number,
): Promise<Ending> {
  const watch = watchForEnd(context, request, () => {
    const isBehind = cursor.passed > cursor.sent;
    const beaten = writer.beat(isBehind ? toControlFrame('stream.checkpoint', cursor.passed) : undefined);
    if (beaten) cursor.sent = cursor.passed;
  });
  const { taskId, after, visibility, filter } = request;
  let isFirst = true;
  try {
    for await (const slice of context.hub.follow(taskId, { after, visibility, signal: watch.signal })) {
      const text = slice.gap ? await tellGap(context, request, slice.gap) : slice.toSse(filter);
      cursor.passed = slice.lastSeq;
      if (text === '') continue;
      cursor.sent = lastIdIn(text);
      if (!(await writer.write(text))) return 'gone';
      if (isFirst) {
        context.metrics.timeToFirstEvent.observe({ transport: 'sse' }, (performance.now() - startedAt) / 1000);
      }
      isFirst = false;
    }
    return watch.ending() ?? 'finished';
  } catch (error) {
    context.log.warn({ task_id: taskId, error: messageOf(error) }, 'event stream cut; its reader resumes by id');
    return watch.ending() ?? 'failed';
  } finally {
    watch.close();
  }
}

/** What retention has taken is named, and the task as it is now stands for it (API.md 3). */
async function tellGap(context: ApiContext, request: StreamRequest, { from, to }: LogGap): Promise<string> {
  const { caller, taskId, gone } = request;
  const task = await readSnapshot(context.readerLane.forReader(gone), caller.tenantId, taskId);
  return toControlFrame('stream.gap', to, { from, to }) + toControlFrame('task.snapshot', to, { task });
}

/** Everything that can end a stream from outside, and the heartbeat. */
function watchForEnd(context: ApiContext, request: StreamRequest, beat: () => void) {
  const { rotateAfterMs, heartbeatMs } = context.config.streams;
  const stop = new AbortController();
  let ending: Ending | undefined;
  const endWith = (reason: Ending) => {
    ending ??= reason;
    stop.abort();
  };
  const onStopping = () => endWith('stopping');
  const onGone = () => endWith('gone');
  context.stopping.addEventListener('abort', onStopping, { once: true });
  request.gone.addEventListener('abort', onGone, { once: true });
  if (request.gone.aborted) onGone();
  if (context.stopping.aborted) onStopping();
  const rotation = setTimeout(() => endWith('rotate'), rotateAfterMs * (1 - Math.random() * ROTATE_SPREAD));
  const heartbeat = setInterval(() => {
    beat();
    isStillValid(context, request.caller).then(
      (valid) => valid || endWith('revoked'),
      () => undefined, // a database that is away revokes nobody's key
    );
  }, heartbeatMs);
  return {
    signal: stop.signal,
    ending: () => ending,
    close() {
      clearTimeout(rotation);
      clearInterval(heartbeat);
      context.stopping.removeEventListener('abort', onStopping);
      request.gone.removeEventListener('abort', onGone);
    },
  };
}

/** The id of the last frame of rendered text. */
function lastIdIn(text: string): number {
  const start = text.lastIndexOf('\n\nid: ');
  return Number.parseInt(text.slice(start === -1 ? 'id: '.length : start + '\n\nid: '.length), 10);
}
