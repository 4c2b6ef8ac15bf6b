import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createOfferer } from '../../../packages/dispatch/src/index.ts';
import { type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import { createTaskQueue, type TaskQueue } from '../../../packages/queue/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';
import { insertBacklog } from './insert-backlog.ts';
import { type SmallFleet, startSmallFleet } from './small-fleet.ts';

const AWAY = 'redis://127.0.0.1:1';
const log = createSilentLogger();
let fixture: DispatchFixture;
let prefix: string;
let queue: TaskQueue;
let admin: Redis;
const fleets: SmallFleet[] = [];
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
beforeEach(async () => {
  prefix = `t-${randomUUID().slice(0, 8)}`;
  admin = new Redis(inject('redisUrl'));
  queue = createTaskQueue({ redisUrl: inject('redisUrl'), prefix, log });
  await eventually('the queue is connected', () =>
    queue.waitingCount().then(
      () => true,
      () => false,
    ),
  );
});
afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.stop();
  await queue.close();
  await forget();
  admin.disconnect();
  await fixture.reset();
});
afterAll(() => fixture.close());

async function startFleet(options: { leads?: boolean; redisUrl?: string; taskMs?: number } = {}): Promise<SmallFleet> {
  const fleet = await startSmallFleet(fixture, {
    workers: 3,
    capacity: 4,
    taskMs: options.taskMs ?? 20,
    redisUrl: options.redisUrl ?? inject('redisUrl'),
    prefix,
    queue: (options.leads ?? true) ? queue : undefined,
  });
  fleets.push(fleet);
  return fleet;
}

/** Redis loses everything that is ours. */
async function forget(): Promise<void> {
  const keys = await admin.keys(`${prefix}:*`);
  if (keys.length > 0) await admin.del(...keys);
}

async function cap(tenantId: TenantId, maxRunning: number): Promise<void> {
  await fixture.pool.query('insert into tenant_queues (tenant_id, max_running) values ($1, $2)', [
    toUuid(tenantId),
    maxRunning,
  ]);
}

const allDone = (count: number) =>
  eventually(
    `${count} tasks are completed`,
    async () => {
      const { rows } = await fixture.pool.query("select 1 from task_heads where status = 'completed'");
      return rows.length === count;
    },
    45_000,
  );

/** By what the workers saw: each task was started once, in its first epoch. */
function expectEachOnce(fleet: SmallFleet, count: number): void {
  expect(fleet.starts).toHaveLength(count);
  expect(new Set(fleet.starts.map((start) => start.taskId)).size).toBe(count);
  expect(fleet.starts.every((start) => start.epoch === 1)).toBe(true);
}

describe('the ready queue', () => {
  it('may come back empty at any time: everything runs, once', async () => {
    const { tenantId } = await insertBacklog(fixture.pool, { count: 60 });
    await cap(tenantId, 3);
    await insertBacklog(fixture.pool, { count: 100, batch: {} });
    const fleet = await startFleet();
    for (let loss = 1; loss <= 4; loss++) {
      await eventually('it goes on', () => fleet.starts.length >= loss * 25);
      await forget();
    }
    // What was offered and lost comes again by itself after 30 s; here it is made due, as if they had passed.
    await eventually('the backlog is gone', () => fleet.starts.length >= 100);
    await fixture.pool.query('update tasks set next_dispatch_at = now() where next_dispatch_at is not null');
    await allDone(160);
    expectEachOnce(fleet, 160);
    expect(fleet.mostAtOnce(tenantId)).toBeLessThanOrEqual(3);
  });

  it('may come back old: jobs of finished tasks run nothing, and caps hold', async () => {
    const { tenantId, taskIds } = await insertBacklog(fixture.pool, { count: 12 });
    await queue.enqueue(taskIds.map((taskId) => ({ taskId, dispatchNo: 1 })));
    const keys = await admin.keys(`${prefix}:*`);
    const old = await Promise.all(keys.map(async (key) => ({ key, value: await admin.dumpBuffer(key) })));
    await forget();
    await cap(tenantId, 2);
    const fleet = await startFleet();
    await eventually('some have run', () => fleet.starts.length >= 4);
    for (const { key, value } of old) if (value) await admin.restore(key, 0, value, 'REPLACE');
    await allDone(12);
    expectEachOnce(fleet, 12);
    expect(fleet.mostAtOnce(tenantId)).toBe(2);
    for (const { key, value } of old) if (value) await admin.restore(key, 0, value, 'REPLACE');
    const { taskIds: later } = await insertBacklog(fixture.pool, { count: 3 });
    await allDone(15);
    expect(
      fleet.starts
        .slice(12)
        .map((start) => start.taskId)
        .sort(),
    ).toEqual([...later].sort());
  });

  it('may be away: idle workers claim in fair order and within the caps', async () => {
    const capped = await insertBacklog(fixture.pool, { count: 6 });
    await cap(capped.tenantId, 2);
    const batch = await insertBacklog(fixture.pool, { count: 40, batch: {} });
    const single = await insertBacklog(fixture.pool, { count: 1, tenantId: batch.tenantId });
    const paused = await insertBacklog(fixture.pool, { count: 2 });
    await fixture.pool.query('insert into tenant_queues (tenant_id, paused) values ($1, true)', [
      toUuid(paused.tenantId),
    ]);
    const fleet = await startFleet({ leads: false, redisUrl: AWAY, taskMs: 300 });
    await allDone(47);
    expectEachOnce(fleet, 47);
    expect(fleet.mostAtOnce(capped.tenantId)).toBe(2);
    expect(fleet.starts.some((start) => start.tenantId === paused.tenantId)).toBe(false);
    const place = fleet.starts.findIndex((start) => start.taskId === single.taskIds[0]);
    expect(place).toBeLessThan(12); // of the first look of the three workers
  });

  it('may lose what was offered: a worker that hears nothing takes it long before it is offered again', async () => {
    const { taskIds } = await insertBacklog(fixture.pool, { count: 5 });
    await createOfferer({ pool: fixture.pool, random: Math.random }).offer(5);
    const startedAt = performance.now();
    const fleet = await startFleet({ leads: false });
    await allDone(5);
    expectEachOnce(fleet, 5);
    expect(fleet.starts.map((start) => start.taskId).sort()).toEqual([...taskIds].sort());
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('needs no leader: workers that hear nothing look for themselves', async () => {
    await insertBacklog(fixture.pool, { count: 10 });
    const fleet = await startFleet({ leads: false });
    await allDone(10);
    expectEachOnce(fleet, 10);
  });
});
