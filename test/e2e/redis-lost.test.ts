import path from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { startRedis } from '../../packages/local/src/stack/start-redis.ts';
import { checkTaskLog } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { createSampleDocument } from '../support/sample-document.ts';
import { type System, startSystem } from '../support/start-system.ts';

const TASKS = 12;
const OUTAGE_MS = 20_000;

let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

async function submitMany(running: System): Promise<string[]> {
  const tasks = await Promise.all(
    Array.from({ length: TASKS }, (_, index) => running.api.submitDocument(`doc-${index}.md`, createSampleDocument(2))),
  );
  return tasks.map((task) => task.id);
}

async function expectAllWhole(running: System, watched: ReturnType<typeof watchTask>[], ids: string[]): Promise<void> {
  const logs = await Promise.all(watched);
  for (const [index, frames] of logs.entries()) {
    await checkTaskLog(running.pool, ids[index] ?? '', frames);
    expect(frames.at(-1)?.type).toBe('task.completed');
  }
}

describe('FLUSHALL during a run', () => {
  it('costs no task and no event, again and again', async () => {
    const running = await startSystem({ workers: 2, ownRedis: true, env: { NIGHTSHIFT_WORKER_CONCURRENCY: '3' } });
    system = running;
    const admin = new Redis(running.redisUrl);
    const ids = await submitMany(running);
    const watched = ids.map((id) => watchTask(running.api.eventsUrl(id), { key: running.api.key, deadlineMs: 90_000 }));
    let flushes = 0;
    const timer = setInterval(() => {
      flushes += 1;
      admin.flushall().catch(() => undefined);
    }, 700);
    await expectAllWhole(running, watched, ids).finally(() => clearInterval(timer));
    admin.disconnect();
    expect(flushes).toBeGreaterThan(2);
  }, 120_000);
});

describe('Redis stopped for 20 seconds', () => {
  it('every accepted task finishes and every client gets every event; submits go on meanwhile', async () => {
    const running = await startSystem({ workers: 2, ownRedis: true, env: { NIGHTSHIFT_WORKER_CONCURRENCY: '3' } });
    system = running;
    const before = await submitMany(running);
    await running.redis?.stop();
    const stoppedAt = performance.now();
    const during = await submitMany(running);
    const ids = [...before, ...during];
    const watched = ids.map((id) =>
      watchTask(running.api.eventsUrl(id), { key: running.api.key, deadlineMs: 150_000 }),
    );
    // Redis stays away until a task that was submitted without it has been finished without it.
    const firstDone = await Promise.any(during.map((id) => running.api.waitFor(id, undefined, 90_000)));
    expect(firstDone.status).toBe('completed');
    await eventually('20 seconds without Redis', () => performance.now() - stoppedAt >= OUTAGE_MS, 2 * OUTAGE_MS);
    const port = Number(new URL(running.redisUrl).port);
    running.redis = await startRedis({
      dataDir: path.join(running.dataDir, 'redis'),
      cacheDir: running.cacheDir,
      port,
      log: () => undefined,
    });
    const after = await running.api.submitDocument('after.md', createSampleDocument());
    ids.push(after.id);
    watched.push(watchTask(running.api.eventsUrl(after.id), { key: running.api.key }));
    await expectAllWhole(running, watched, ids);
  }, 240_000);
});
