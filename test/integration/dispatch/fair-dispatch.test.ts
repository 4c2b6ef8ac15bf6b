import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOfferer, createRescuer, createWaker } from '../../../packages/dispatch/src/index.ts';
import { createId, type Incarnation, type TaskId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import { claimTasks, lockOffers, releaseTasks } from '../../../packages/store/src/index.ts';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { chooseSeed, createSeededRandom } from '../../support/seeded-random.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';
import { insertBacklog } from './insert-backlog.ts';

let fixture: DispatchFixture;

const random = createSeededRandom(chooseSeed());
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.close());

const newOfferer = () => createOfferer({ pool: fixture.pool, random });
const offer = async (maxTasks: number, by = newOfferer()) => (await by.offer(maxTasks)).map(({ taskId }) => taskId);
const claim = (taskIds: readonly TaskId[], incarnation: Incarnation) =>
  claimTasks(fixture.pool, { taskIds, incarnation, workerName: 'w' });

async function setQueue(tenantId: TenantId, queue: { weight?: number; maxRunning?: number | null; paused?: boolean }) {
  await fixture.pool.query(
    `insert into tenant_queues (tenant_id, weight, max_running, paused) values ($1, $2, $3, $4)
     on conflict (tenant_id) do update set weight = $2, max_running = $3, paused = $4`,
    [toUuid(tenantId), queue.weight ?? 1, queue.maxRunning ?? null, queue.paused ?? false],
  );
}

async function countActive(where: { tenantId?: TenantId; batchUuid?: string | undefined }): Promise<number> {
  const { rows } = await fixture.pool.query<{ n: number }>(
    `select count(*)::integer as n from tasks
     where (tenant_id = $1 or $1 is null) and (batch_id = $2 or $2 is null)
       and (incarnation is not null or (next_dispatch_at is not null and offers > 0))`,
    [where.tenantId ? toUuid(where.tenantId) : null, where.batchUuid ?? null],
  );
  return rows[0]?.n ?? -1;
}

describe('the order of offers', () => {
  it('shares the fleet between tenants by weight, and one task of a third comes within the first round', async () => {
    const heavy = await insertBacklog(fixture.pool, { count: 400 });
    await insertBacklog(fixture.pool, { count: 400 });
    const single = await insertBacklog(fixture.pool, { count: 1 });
    await setQueue(heavy.tenantId, { weight: 3 });
    const offerer = newOfferer();
    const offered: TaskId[] = [];
    for (let pass = 0; pass < 20; pass++) offered.push(...(await offer(10, offerer)));
    expect(new Set(offered).size).toBe(200);
    expect(offered.slice(0, 8)).toContain(single.taskIds[0]);
    const ofHeavy = offered.filter((taskId) => heavy.taskIds.includes(taskId)).length;
    expect(ofHeavy).toBeGreaterThanOrEqual(147);
    expect(ofHeavy).toBeLessThanOrEqual(151);
  });

  it('goes by priority within a tenant, and by age within a priority', async () => {
    const low = await insertBacklog(fixture.pool, { count: 3, priority: -1 });
    const high = await insertBacklog(fixture.pool, { count: 3, priority: 5, tenantId: low.tenantId });
    const other = await insertBacklog(fixture.pool, { count: 6, priority: -100 });
    const offered = await offer(100);
    const own = offered.filter((taskId) => !other.taskIds.includes(taskId));
    expect(own).toEqual([...high.taskIds, ...low.taskIds]);
    expect(offered.slice(0, 6).filter((taskId) => other.taskIds.includes(taskId))).toHaveLength(3);
  });

  it('lets a single task start before the 5,000 of a batch that its own tenant submitted earlier', async () => {
    const batch = await insertBacklog(fixture.pool, { count: 5_000, batch: {} });
    const single = await insertBacklog(fixture.pool, { count: 1, tenantId: batch.tenantId });
    expect(await offer(2)).toContain(single.taskIds[0]);
  });

  it('puts a task that was begun and comes back before those of its flow that never started', async () => {
    const worker = await fixture.startFakeWorker();
    const { taskIds } = await insertBacklog(fixture.pool, { count: 50 });
    const [first] = await offer(1);
    const [claimed] = await claim([taskIds[0] ?? createId('task')], worker);
    expect(claimed?.taskId).toBe(first);
    await releaseTasks(fixture.pool, [{ taskId: taskIds[0] ?? createId('task'), epoch: 1 }]);
    expect(await offer(1)).toEqual([taskIds[0]]);
  });
});

describe('a cap', () => {
  it('of a tenant counts what runs and what is offered, and frees a place when a task ends', async () => {
    const worker = await fixture.startFakeWorker();
    const { tenantId } = await insertBacklog(fixture.pool, { count: 20 });
    await setQueue(tenantId, { maxRunning: 3 });
    const offered = await offer(10);
    expect(offered).toHaveLength(3);
    expect(await offer(10)).toEqual([]);
    const [claimed] = await claim(offered.slice(0, 1), worker);
    expect(await offer(10)).toEqual([]);
    await fixture.pool.query("update task_heads set status = 'completed' where task_id = $1", [
      toUuid(claimed?.taskId ?? createId('task')),
    ]);
    await fixture.pool.query('update tasks set incarnation = null, finished_at = now() where incarnation is not null');
    expect(await offer(10)).toHaveLength(1);
  });

  it('of a batch holds that batch and nothing else', async () => {
    const capped = await insertBacklog(fixture.pool, { count: 20, batch: { concurrency: 2 } });
    const free = await insertBacklog(fixture.pool, { count: 5, tenantId: capped.tenantId, batch: {} });
    const offered = await offer(100);
    expect(offered.filter((taskId) => capped.taskIds.includes(taskId))).toHaveLength(2);
    expect(offered.filter((taskId) => free.taskIds.includes(taskId))).toHaveLength(5);
  });

  it('is never exceeded by several that choose at once: leaders that overlap, idle workers', async () => {
    const { tenantId } = await insertBacklog(fixture.pool, { count: 200 });
    const batch = await insertBacklog(fixture.pool, { count: 200, batch: { concurrency: 4 } });
    await setQueue(tenantId, { maxRunning: 7 });
    const worker = await fixture.startFakeWorker();
    for (let round = 0; round < 5; round++) {
      const offered = (await Promise.all(Array.from({ length: 5 }, () => offer(3)))).flat();
      expect(new Set(offered).size).toBe(offered.length);
      await claim(offered, worker);
      expect(await countActive({ tenantId })).toBeLessThanOrEqual(7);
      expect(await countActive({ batchUuid: batch.batchUuid })).toBeLessThanOrEqual(4);
    }
    expect(await countActive({ tenantId })).toBe(7);
    expect(await countActive({ batchUuid: batch.batchUuid })).toBe(4);
  });

  it('counts an offer that has lapsed, because its job may still be in Redis, and offers that one again first', async () => {
    const { tenantId } = await insertBacklog(fixture.pool, { count: 10 });
    await setQueue(tenantId, { maxRunning: 2 });
    const offered = await offer(10);
    await fixture.pool.query("update tasks set next_dispatch_at = now() - interval '1 second' where offers > 0");
    expect(new Set(await offer(10))).toEqual(new Set(offered));
    expect(await countActive({ tenantId })).toBe(2);
  });

  it('holds against jobs from before: a task that was not offered since it was queued is not claimed', async () => {
    const worker = await fixture.startFakeWorker();
    const { tenantId, taskIds } = await insertBacklog(fixture.pool, { count: 5 });
    await setQueue(tenantId, { maxRunning: 1 });
    const batch = await insertBacklog(fixture.pool, { count: 5, batch: { concurrency: 1 } });
    expect(await claim([...taskIds, ...batch.taskIds], worker)).toEqual([]);
    const offered = await offer(10);
    const claimed = await claim([...taskIds, ...batch.taskIds], worker);
    expect(claimed.map((task) => task.taskId).sort()).toEqual(offered.sort());
  });
});

describe('whoever chooses', () => {
  it('loses its turn when it freezes with it', async () => {
    await insertBacklog(fixture.pool, { count: 1 });
    const frozen = await fixture.pool.connect();
    frozen.on('error', () => undefined);
    await frozen.query('begin');
    await lockOffers(frozen);
    const offered = await eventually('others choose again', () => offer(1).catch(() => undefined), 8_000);
    expect(offered).toHaveLength(1);
    frozen.release(true);
  });
});

describe('a pause', () => {
  it('holds what waits and what was offered, leaves what runs, and ends with the pause', async () => {
    const worker = await fixture.startFakeWorker();
    const { tenantId } = await insertBacklog(fixture.pool, { count: 4 });
    const [running, offered] = await offer(2);
    await claim([running ?? createId('task')], worker);
    await setQueue(tenantId, { paused: true });
    expect(await offer(10)).toEqual([]);
    expect(await claim([offered ?? createId('task')], worker)).toEqual([]);
    await fixture.pool.query('update tasks set next_dispatch_at = now() where offers > 0');
    expect(await offer(10)).toEqual([]);
    expect(await fixture.stateOf(running)).toMatchObject({ status: 'running' });
    await setQueue(tenantId, { paused: false });
    expect(await offer(10)).toHaveLength(3);
    expect(await claim([offered ?? createId('task')], worker)).toHaveLength(1);
  });
});

describe('a task that is queued anew', () => {
  const delayOf = async (taskId: TaskId | undefined) => {
    const { rows } = await fixture.pool.query<{ seconds: number; dispatch_no: number }>(
      `select extract(epoch from next_dispatch_at - now())::float8 as seconds, dispatch_no from tasks where id = $1`,
      [taskId && toUuid(taskId)],
    );
    return { seconds: Math.round((rows[0]?.seconds ?? 0) / 10) * 10, dispatchNo: rows[0]?.dispatch_no };
  };

  it('is offered again after 30 seconds, however often it had been offered before, under a new number', async () => {
    const worker = await fixture.startFakeWorker();
    const { taskIds } = await insertBacklog(fixture.pool, { count: 1 });
    for (let n = 0; n < 3; n++) {
      await offer(1);
      await fixture.pool.query('update tasks set next_dispatch_at = now()');
    }
    await offer(1);
    expect(await delayOf(taskIds[0])).toEqual({ seconds: 600, dispatchNo: 4 });
    await claim(taskIds, worker);
    await fixture.pool.query("update workers set lease_until = now() - interval '1 second'");
    const deps = { pool: fixture.pool, log: createSilentLogger(), metrics: createMetrics(), publish: () => undefined };
    await createRescuer(deps).runOnce();
    const behind = await insertBacklog(fixture.pool, { count: 1 });
    expect(await fixture.stateOf(taskIds[0])).toMatchObject({ status: 'queued' });
    expect(await offer(1)).toEqual(taskIds); // ahead of whoever has not begun
    expect(await delayOf(taskIds[0])).toEqual({ seconds: 30, dispatchNo: 5 });
    expect(await offer(1)).toEqual(behind.taskIds);
  });
});

describe('a task with not_before', () => {
  it('is offered once the waker has queued it', async () => {
    const { taskIds } = await insertBacklog(fixture.pool, { count: 2, waitsMs: 3_600_000 });
    expect(await offer(10)).toEqual([]);
    await fixture.pool.query('update tasks set wake_at = now() where id = $1', [
      toUuid(taskIds[0] ?? createId('task')),
    ]);
    await createWaker({ pool: fixture.pool }).runOnce();
    expect(await offer(10)).toEqual([taskIds[0]]);
  });
});
