import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskId } from '../../../packages/domain/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { openEvents, playDeltas, submitTest } from './play-events.ts';
import { readStream } from './read-stream.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

const CONNECTIONS = 6;
/** What submits, keys and readiness have for themselves (reader-lane.ts). */
const RESERVED = 3;
const WAVES = 3;
const CLIENTS = 100;

let api: TestApi;
let taskId: TaskId;
let queries: ReturnType<typeof watchQueries>;

beforeEach(async () => {
  api = await startTestApi({ NIGHTSHIFT_API_DATABASE_CONNECTIONS: String(CONNECTIONS) });
  taskId = await submitTest(api);
  await playDeltas(api, taskId, 3);
  queries = watchQueries(api);
});

afterEach(async () => {
  queries.thaw();
  await api.stop();
});

describe('a storm of readers that reconnect faster than the database answers', () => {
  it('F71 leaves submits and readiness alone, and no work for those who have gone', async () => {
    queries.freeze('find-task-head');
    for (let wave = 1; wave <= WAVES; wave++) {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openSocket(api, taskId)));
      await eventually('readers have all that they can have', () => queries.begun === CONNECTIONS - RESERVED);
      const startedAt = performance.now();
      expect((await api.call('GET', '/readyz')).status).toBe(200);
      await submitTest(api);
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      expect(api.context.pool.waitingCount).toBe(0);
      for (const { socket } of clients) socket.destroy();
      await eventually('all have gone', async () => (await countStreamsOver(api)) === wave * CLIENTS);
    }
    queries.thaw();
    const stream = readStream(await openEvents(api, taskId));
    expect((await stream.next())?.id).toBe('1');
    await stream.cancel();
    // Those that were begun, and the one that stayed.
    expect(queries.begun).toBeLessThanOrEqual(CONNECTIONS - RESERVED + 1);
  });

  it('F71 is told to come back later where it is too large', async () => {
    queries.freeze('find-task-head');
    const clients = await Promise.all(Array.from({ length: 520 }, () => openSocket(api, taskId)));
    const isTold = ({ received }: { received(): string }) =>
      /^HTTP\/1.1 200 .*retry: 1[5-7]\d{3}\n\n/s.test(received());
    await eventually('some are told', () => clients.some(isTold), 3_000);
    for (const { socket } of clients) socket.destroy();
  });

  it('F71 asks for its key once', async () => {
    const { key } = await api.createKey({ tenantId: api.tenantId });
    queries.freeze('find-api-key');
    const answers = Array.from({ length: 40 }, () => api.call('GET', '/v1/files', { key }));
    await eventually('the key is asked for', () => queries.begun > 0);
    await eventually('all have asked', () => api.call('GET', '/livez').then(() => true));
    queries.thaw();
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(queries.begun).toBe(1);
  });
});

/** A client as a socket, which can leave before there is an answer. */
async function openSocket({ url, key }: TestApi, task: TaskId): Promise<{ socket: Socket; received(): string }> {
  const { port, hostname, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await once(socket, 'connect');
  const headers = `Host: ${host}\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${key}`;
  socket.write(`GET /v1/tasks/${task}/events HTTP/1.1\r\n${headers}\r\n\r\n`);
  return { socket, received: () => text };
}

/** Requests for events whose connection has ended. */
async function countStreamsOver({ context }: TestApi): Promise<number> {
  const { values } = await context.metrics.httpRequests.get();
  const ofStreams = values.filter(({ labels }) => labels.route === 'GET /tasks/:task_id/events');
  return ofStreams.reduce((sum, { value }) => sum + value, 0);
}

/** Counts how often a query is begun, and lets it hang on its connection until it is thawed: a slow database. */
function watchQueries({ context: { pool } }: TestApi) {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  let frozen: string | undefined;
  let release: () => void = () => undefined;
  let thawed = Promise.resolve();
  const watched = {
    begun: 0,
    freeze(name: string) {
      frozen = name;
      thawed = new Promise((resolve) => {
        release = resolve;
      });
    },
    thaw: () => release(),
  };
  async function queryWatched(statement: { name?: string }, ...rest: unknown[]): Promise<unknown> {
    if (frozen === undefined || statement.name !== frozen) return await query(statement, ...rest);
    const client = await pool.connect();
    try {
      watched.begun++;
      await thawed;
      return await (client.query as (...args: unknown[]) => Promise<unknown>)(statement, ...rest);
    } finally {
      client.release();
    }
  }
  Object.assign(pool, { query: queryWatched });
  return watched;
}
