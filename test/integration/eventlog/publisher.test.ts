import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { createPublisher, renderRow } from '../../../packages/eventlog/src/index.ts';
import { type RunningRedis, startRedis } from '../../../packages/local/src/stack/start-redis.ts';
import type { EventRow } from '../../../packages/store/src/index.ts';
import { openRedis, publishEntries, readEntries } from '../../../packages/streams/src/index.ts';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventFixture, type EventFixture } from './event-fixture.ts';

let fixture: EventFixture;
let admin: Redis;
let taskId: TaskId;
beforeAll(async () => {
  fixture = await createEventFixture();
  admin = new Redis(inject('redisUrl'));
});
beforeEach(() => {
  taskId = createId('task');
});
afterAll(async () => {
  admin.disconnect();
  await fixture.close();
});

/** A row of the log of `count` events. */
function row(firstSeq: number, count = 1, text = 'x'): EventRow {
  return {
    taskId,
    firstSeq,
    lastSeq: firstSeq + count - 1,
    types: Array.from({ length: count }, () => 'log'),
    visibility: 'd'.repeat(count),
    payload: Array.from({ length: count }, (_, n) => JSON.stringify({ type: 'log', data: { n, text } })).join('\n'),
  };
}

async function store(rows: EventRow[]): Promise<void> {
  for (const one of rows) {
    await fixture.pool.query(
      `insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
       values ($1, $2, $3, 1, $4, $5, $6)`,
      [toUuid(taskId), one.lastSeq, one.firstSeq, one.types, one.visibility, one.payload],
    );
  }
}

async function publish(rows: EventRow[]): Promise<void> {
  fixture.publisher.publish(rows);
  await fixture.publisher.idle();
}

const stored = async () => (await readEntries(fixture.redis, taskId, 0, 1_000)).map((e) => [e.firstSeq, e.lastSeq]);

describe('publishEntries', () => {
  const send = (rows: EventRow[], allowGap = false) =>
    publishEntries(fixture.redis, taskId, rows.map(renderRow), { allowGap });

  it('starts a missing stream at the first row it gets, skips what is there, refuses a gap', async () => {
    expect(await send([row(41, 2), row(43)])).toEqual({ kind: 'ok' });
    expect(await send([row(41, 2), row(43), row(44)])).toEqual({ kind: 'ok' });
    expect(await stored()).toEqual([
      [41, 42],
      [43, 43],
      [44, 44],
    ]);
    expect(await send([row(46)])).toEqual({ kind: 'gap', lastSeq: 44 });
    expect(await stored()).toHaveLength(3);
    expect(await send([row(46)], true)).toEqual({ kind: 'ok' });
    expect(await send([row(45)], true)).toEqual({ kind: 'ok' }); // late: readers fill the hole from Postgres
    expect((await stored()).at(-1)).toEqual([46, 46]);
  });

  it('never leaves a stream without a time to live, not even when it stops at a gap', async () => {
    expect(await send([row(1), row(5)])).toEqual({ kind: 'gap', lastSeq: 1 });
    expect(await admin.pttl(fixture.redis.keys.stream(taskId))).toBeGreaterThan(0);
    const final = { ...row(2), types: ['task.completed'] };
    await send([final]);
    expect(await admin.pttl(fixture.redis.keys.stream(taskId))).toBeLessThanOrEqual(3_600_000);
  });

  it('publishes each entry once on the channel of the task, in order', async () => {
    const heard: string[] = [];
    const listener = new Redis(inject('redisUrl'));
    await listener.subscribe(fixture.redis.keys.liveChannel(taskId));
    listener.on('message', (_, message: string) => heard.push(message.slice(0, message.indexOf('\n'))));
    await send([row(1), row(2, 3)]);
    await send([row(2, 3), { ...row(5), types: ['task.failed'] }]);
    await eventually('three messages came', () => heard.length >= 3);
    expect(heard).toEqual(['1 1 ', '2 4 ', '5 5 1']);
    listener.disconnect();
  });
});

describe('publish', () => {
  it('fills a gap of up to 500 events from Postgres', async () => {
    const rows = Array.from({ length: 120 }, (_, n) => row(n * 4 + 1, 4));
    await store(rows);
    await publish([row(1, 4)]);
    await publish(rows.slice(-1));
    expect(await stored()).toEqual(rows.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]));
  });

  it('leaves a larger gap to the readers', async () => {
    const rows = Array.from({ length: 7 }, (_, n) => row(n * 101 + 1, 101));
    await store(rows);
    await publish(rows.slice(0, 1));
    await publish(rows.slice(-1));
    expect(await stored()).toEqual([
      [1, 101],
      [607, 707],
    ]);
  });

  it('keeps the order of a task when publishes overlap', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => row(n + 1));
    await store(rows);
    for (const one of rows) fixture.publisher.publish([one]);
    await fixture.publisher.idle();
    expect(await stored()).toEqual(rows.map(({ firstSeq }) => [firstSeq, firstSeq]));
  });
});

describe('publish while Redis hangs, is stopped and comes back', () => {
  let dataDir: string;
  let server: RunningRedis;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'nightshift-publisher-'));
    const cacheDir = process.env.NIGHTSHIFT_CACHE_DIR ?? path.resolve('.nightshift/cache');
    server = await startRedis({ dataDir, cacheDir, log: () => undefined });
  });
  afterAll(async () => {
    if (server.pid !== undefined) process.kill(server.pid, 'SIGCONT');
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('never throws, holds a bounded number of bytes, and works again afterwards', async () => {
    const log = createSilentLogger();
    const metrics = createMetrics();
    const redis = openRedis({ url: server.url, name: 'test', prefix: 'hang', log });
    const publisher = createPublisher({ db: fixture.pool, redis, log, metrics });
    await eventually('Redis is there', () => redis.commands.status === 'ready');
    publisher.publish([row(1)]);
    await publisher.idle();
    const { pid } = server;
    if (pid === undefined) throw new Error('no Redis');
    process.kill(pid, 'SIGSTOP');
    const large = 'x'.repeat(200_000);
    const before = process.memoryUsage();
    const startedAt = performance.now();
    let seq = 1;
    while (performance.now() - startedAt < 4_000) {
      for (let n = 0; n < 20; n++) publisher.publish([row(++seq, 1, large)]); // 800 MB in all
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const after = process.memoryUsage();
    const grownMb = (after.rss - before.rss) / 1024 / 1024;
    expect(grownMb).toBeLessThan(250);
    expect(redis.commands.status).not.toBe('ready'); // the hanging connection was given up
    const idleAt = performance.now();
    await publisher.idle();
    expect(performance.now() - idleAt).toBeLessThan(2_500);
    process.kill(pid, 'SIGCONT');
    await eventually('Redis is back', () => redis.commands.status === 'ready');
    taskId = createId('task');
    publisher.publish([row(1), row(2)]);
    await publisher.idle();
    expect(await readEntries(redis, taskId, 0, 10)).toHaveLength(2);
    await redis.close();
  }, 30_000);
});
