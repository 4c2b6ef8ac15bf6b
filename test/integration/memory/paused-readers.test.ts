import { connect, type Socket } from 'node:net';
import v8 from 'node:v8';
import vm from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TaskId } from '../../../packages/domain/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { submitTest } from '../api/play-events.ts';
import { playTask } from '../api/play-task.ts';
import { startTestApi, type TestApi } from '../api/start-test-api.ts';

const READERS = 100;
const FLUSHES = 120;
const EVENT_CHARS = 60_000;
const MIB = 1024 * 1024;
/** If nothing held them back, 100 times 7 MB would wait. Each may hold a page of 128 KB and a buffer of 256 KB, and a flush more of both. */
const MAX_HELD_BYTES = READERS * 0.75 * MIB;

let api: TestApi;
let sockets: Socket[] = [];
beforeAll(async () => {
  api = await startTestApi({ NIGHTSHIFT_SLOW_READER_MS: '15000' });
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});
afterAll(() => api.stop());

/** A client that asks for the events and takes nothing: its window closes. */
function openPaused(taskId: TaskId): Socket {
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined); // how it ends is not the point
  socket.pause();
  socket.write(
    `GET /v1/tasks/${taskId}/events HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${api.key}\r\nAccept: text/event-stream\r\n\r\n`,
  );
  sockets.push(socket);
  return socket;
}

/** Bytes that are held on to, after a collection of what is not. */
function measureHeldBytes(): number {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function countPages(): Promise<number> {
  return (await api.context.metrics.streamHolesFilled.get()).values[0]?.value ?? 0;
}

async function countStreams(): Promise<number> {
  return (await api.context.metrics.streamSubscribers.get()).values[0]?.value ?? 0;
}

describe(`${READERS} readers that take nothing`, () => {
  it('are dropped, cost little memory, and slow down nobody', async () => {
    const taskId = await submitTest(api);
    const played = await playTask(api.context.pool, taskId);
    const text = 'x'.repeat(EVENT_CHARS);
    for (let n = 0; n < FLUSHES; n++) await played.flush([{ type: 'text.delta', data: { n, text } }]);
    const before = measureHeldBytes();
    for (let n = 0; n < READERS; n++) openPaused(taskId);
    await eventually('all of them are served', async () => (await countStreams()) === READERS);
    let pagesRead = -1;
    await eventually('none of them takes more', async () => {
      const last = pagesRead;
      await new Promise((resolve) => setTimeout(resolve, 300)); // a window of time is what is measured
      pagesRead = await countPages();
      return pagesRead === last;
    });
    expect((measureHeldBytes() - before) / MIB).toBeLessThan(MAX_HELD_BYTES / MIB);
    expect(await countStreams()).toBeGreaterThan(READERS / 2); // measured before they were dropped
    const startedAt = performance.now();
    const page = await api.call('GET', `/v1/tasks/${taskId}/events?after=${FLUSHES}&limit=5`);
    expect(page.status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await played.complete('done');
    await eventually('all of them are dropped', async () => (await countStreams()) === 0, 40_000);
    expect((measureHeldBytes() - before) / MIB).toBeLessThan(20);
  }, 90_000);
});
