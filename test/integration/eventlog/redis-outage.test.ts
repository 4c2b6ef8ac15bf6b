import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, type TaskId } from '../../../packages/domain/src/index.ts';
import { createPublisher, renderRow } from '../../../packages/eventlog/src/index.ts';
import { createTaskQueue } from '../../../packages/queue/src/index.ts';
import type { EventRow, Queryable } from '../../../packages/store/src/index.ts';
import {
  openRedis,
  publishEntries,
  type RedisConnections,
  subscribeLive,
} from '../../../packages/streams/src/index.ts';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { type RedisControl, startRedisControl } from '../../support/redis-control.ts';

const CACHE_DIR = process.env.NIGHTSHIFT_CACHE_DIR ?? path.resolve(import.meta.dirname, '../../../.nightshift/cache');
const NOBODY: Queryable = { query: () => Promise.reject(new Error('not asked')) } as never;
const log = createSilentLogger();
let control: RedisControl;
let redis: RedisConnections;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'nightshift-outage-'));
  control = await startRedisControl({ dataDir, cacheDir: CACHE_DIR });
  redis = openRedis({ url: control.url, name: 'test', prefix: 'outage', log });
});
afterAll(async () => {
  await redis.close();
  await control.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const isReady = () => redis.commands.status === 'ready' && redis.subscriber.status === 'ready';

/** Commands that ioredis keeps: not sent yet, and not answered yet. */
function keptBy(connection: RedisConnections['commands']): number {
  const lengthOf = (name: string) => (Reflect.get(connection, name) as { length: number } | undefined)?.length ?? 0;
  return lengthOf('offlineQueue') + lengthOf('commandQueue');
}

function row(taskId: TaskId, seq: number, chars: number): EventRow {
  const payload = JSON.stringify({ type: 'log', data: { text: 'x'.repeat(chars) } });
  return { taskId, firstSeq: seq, lastSeq: seq, types: ['log'], visibility: 'u', payload };
}

describe('while Redis is away', () => {
  it('readers that come and go leave no command behind, and those that stay are subscribed when it is back', async () => {
    await eventually('connected', isReady);
    const seen: TaskId[] = [];
    let reconnects = 0;
    const live = subscribeLive(redis, {
      onEntry: (taskId) => seen.push(taskId),
      onReconnect: () => {
        reconnects += 1;
      },
    });
    const [before, left, meanwhile] = [createId('task'), createId('task'), createId('task')];
    expect(await live.add(before)).toBe(true);
    expect(await live.add(left)).toBe(true);
    await control.kill();
    await eventually('the loss is seen', () => redis.subscriber.status !== 'ready');
    live.remove(left);
    for (let n = 0; n < 5_000; n++) {
      const taskId = createId('task');
      expect(await live.add(taskId)).toBe(false);
      live.remove(taskId);
    }
    expect(await live.add(meanwhile)).toBe(false);
    expect(keptBy(redis.subscriber)).toBeLessThan(5);
    await control.start();
    await eventually('subscribed again', () => reconnects > 0 && isReady());
    for (const taskId of [before, left, meanwhile]) {
      await publishEntries(redis, taskId, [renderRow(row(taskId, 1, 1))], { allowGap: false });
    }
    await eventually('the messages are there', () => seen.length >= 2);
    expect([...seen].sort()).toEqual([before, meanwhile].sort());
    const [, count] = (await control.call('PUBSUB', 'NUMSUB', redis.keys.liveChannel(left))) as [string, number];
    expect(count).toBe(0);
    live.close();
  });

  it('a publisher holds a bounded amount, whether Redis is gone or hangs', async () => {
    await eventually('connected', isReady);
    const metrics = createMetrics();
    const publisher = createPublisher({ db: NOBODY, redis, log, metrics });
    const taskId = createId('task');
    const publishMany = (from: number) => {
      for (let seq = from; seq < from + 1_000; seq++) publisher.publish([row(taskId, seq, 60_000)]); // 60 MB at once
    };
    await control.freeze();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 10; round++) publishMany(round * 1_000 + 1);
    expect(keptBy(redis.commands)).toBeLessThan(300); // 16 MB of 60 KB each
    expect(process.memoryUsage().rss - before).toBeLessThan(250 * 1024 * 1024); // of 600 MB handed in
    await publisher.idle();
    await control.thaw();
    await control.kill();
    await eventually('the loss is seen', () => redis.commands.status !== 'ready');
    publishMany(20_000);
    await publisher.idle();
    expect(keptBy(redis.commands)).toBeLessThan(300); // those that hung are sent again, which changes nothing
    await control.start();
    await eventually('connected again', isReady);
    await publishEntries(redis, createId('task'), [renderRow(row(taskId, 1, 1))], { allowGap: false });
  });

  it('a queue keeps nothing of what could not be added', async () => {
    const queue = createTaskQueue({ redisUrl: control.url, prefix: 'outage', log });
    await eventually('the queue is there', () =>
      queue.waitingCount().then(
        () => true,
        () => false,
      ),
    );
    await control.kill();
    await eventually('the loss is seen', () =>
      queue.waitingCount().then(
        () => false,
        () => true,
      ),
    );
    for (let n = 0; n < 200; n++) {
      await queue.enqueue(Array.from({ length: 50 }, () => ({ taskId: createId('task'), dispatchNo: 1 })));
    }
    await control.start();
    await eventually('the queue is there again', () =>
      queue.waitingCount().then(
        () => true,
        () => false,
      ),
    );
    expect(await queue.waitingCount()).toBe(0); // offered again by the dispatcher, not out of our memory
    await queue.close();
  });
});
