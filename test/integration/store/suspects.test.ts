import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, type Incarnation, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import {
  buryChildren,
  claimTasks,
  endChildWorker,
  endWorker,
  openPool,
  type Pool,
  readEvents,
  registerWorker,
  requeueOrphans,
  tryClaimTasks,
} from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createLockKey, registerTestWorker } from '../../support/register-test-worker.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const DEATH = { alone: true, worker: 'w', cause: 'exit', exit_code: null, signal: 'SIGKILL', detail: 'killed' };
let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 4, log: createSilentLogger() });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const setStatus = (incarnation: Incarnation, status: string) =>
  pool.query('update workers set status = $2 where incarnation = $1', [toUuid(incarnation), status]);

async function recordOf(taskId: TaskId) {
  const { rows } = await pool.query(
    `select h.status, t.suspicion, t.guilt, t.deaths, t.isolated, t.history, t.waiting_for
     from tasks t join task_heads h on h.task_id = t.id where t.id = $1`,
    [toUuid(taskId)],
  );
  return rows[0] as Record<string, unknown> & { history: string };
}

async function startChild(parent: Incarnation, taskId: TaskId, leaseMs = 60_000): Promise<Incarnation> {
  const incarnation = createId('worker');
  const life = { name: 'w', host: 'h', pid: 1, version: '0', capacity: 0, lockKey: createLockKey(), leaseMs };
  await registerWorker(pool, { ...life, incarnation, parent });
  const claimed = await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'w' });
  expect(claimed).toHaveLength(1);
  return incarnation;
}

/** The worker that runs the task, among others, dies. */
async function dieOnce(taskId: TaskId): Promise<void> {
  const dead = await registerTestWorker(pool);
  const claimed = await claimTasks(pool, { taskIds: [taskId], incarnation: dead, workerName: 'w', isShared: true });
  expect(claimed).toHaveLength(1);
  await setStatus(dead, 'dead');
  await requeueOrphans(pool, 10);
}

/** A task whose worker died twice. */
async function createSuspect(): Promise<TaskId> {
  const { taskId } = await insertQueuedTask(pool);
  await dieOnce(taskId);
  await dieOnce(taskId);
  return taskId;
}

describe('a suspect', () => {
  it('after one death goes on at once, among others', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await dieOnce(taskId);
    expect(await recordOf(taskId)).toMatchObject({ status: 'queued', suspicion: 1, deaths: 1, isolated: false });
    const asked = { taskIds: [taskId], incarnation: await registerTestWorker(pool), workerName: 'w', isShared: true };
    expect((await tryClaimTasks(pool, asked)).claimed).toMatchObject([{ taskId, suspicion: 1 }]);
  });

  it('is condemned by one death alone after two among others', async () => {
    const taskId = await createSuspect();
    const worker = await registerTestWorker(pool);
    await endChildWorker(pool, await startChild(worker, taskId), 'guilty', DEATH);
    expect(await recordOf(taskId)).toMatchObject({ status: 'queued', suspicion: 3, guilt: 1, deaths: 3 });
    const asked = { taskIds: [taskId], incarnation: worker, workerName: 'w', isShared: true };
    expect((await tryClaimTasks(pool, asked)).claimed).toMatchObject([{ taskId, guilt: 1, suspicion: 3 }]);
  });

  it('is not claimed by a worker that runs other tasks, which is told of it, but by its child', async () => {
    const taskId = await createSuspect();
    expect(await recordOf(taskId)).toMatchObject({
      status: 'queued',
      suspicion: 2,
      guilt: 0,
      deaths: 2,
      isolated: true,
    });
    const worker = await registerTestWorker(pool);
    const asked = { taskIds: [taskId], incarnation: worker, workerName: 'w' };
    expect(await tryClaimTasks(pool, { ...asked, isShared: true })).toEqual({
      claimed: [],
      busy: [],
      suspects: [taskId],
    });
    await startChild(worker, taskId);
    expect(await recordOf(taskId)).toMatchObject({ status: 'running' });
  });

  it('that somebody has cancelled comes back at once, to be settled', async () => {
    for (const status of ['waiting', 'queued']) {
      const taskId = await createSuspect();
      const child = await startChild(await registerTestWorker(pool), taskId);
      if (status === 'queued') {
        await pool.query('update task_heads set cancel_requested_at = now() where task_id = $1', [toUuid(taskId)]);
      }
      await setStatus(child, 'dead');
      await requeueOrphans(pool, 10);
      expect(await recordOf(taskId)).toMatchObject({ status, suspicion: 3 });
    }
  });

  it('that is condemned is claimed by any worker, to be settled', async () => {
    const taskId = await createSuspect();
    const worker = await registerTestWorker(pool);
    await pool.query('update tasks set guilt = 2 where id = $1', [toUuid(taskId)]);
    const asked = { taskIds: [taskId], incarnation: worker, workerName: 'w', isShared: true };
    expect((await tryClaimTasks(pool, asked)).claimed).toMatchObject([{ taskId, guilt: 2, isolated: true }]);
  });
});

describe('endChildWorker', () => {
  it.each([
    ['guilty', { status: 'queued', suspicion: 3, guilt: 1, deaths: 3 }, 'dead'],
    ['lost', { status: 'waiting', suspicion: 3, guilt: 0, deaths: 3 }, 'dead'],
    ['returned', { status: 'queued', suspicion: 2, guilt: 0, deaths: 2 }, 'stopped'],
  ] as const)('after an end that is %s records what it means, and ends the life', async (end, record, status) => {
    const taskId = await createSuspect();
    const child = await startChild(await registerTestWorker(pool), taskId);
    expect(await endChildWorker(pool, child, end, DEATH)).toMatchObject({ kind: 'requeued', task: { taskId } });
    const found = await recordOf(taskId);
    expect(found).toMatchObject({ isolated: true, ...record });
    const deaths = (JSON.parse(found.history) as { death: object }[]).map((entry) => entry.death);
    expect(deaths).toHaveLength(record.deaths);
    expect(deaths[0]).toMatchObject({ alone: false, cause: 'worker_lost' });
    if (end !== 'returned') expect(deaths[2]).toEqual(DEATH);
    const { rows } = await pool.query('select status from workers where incarnation = $1', [toUuid(child)]);
    expect(rows).toEqual([{ status }]);
    expect(await endChildWorker(pool, child, end, DEATH)).toEqual({ kind: 'none' });
  });

  it('changes nothing while somebody holds the head, and says so', async () => {
    const taskId = await createSuspect();
    const child = await startChild(await registerTestWorker(pool), taskId);
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('select from task_heads where task_id = $1 for no key update', [toUuid(taskId)]);
    expect(await endChildWorker(pool, child, 'guilty', DEATH)).toEqual({ kind: 'held' });
    await holder.query('rollback');
    holder.release();
    expect(await recordOf(taskId)).toMatchObject({ status: 'running', guilt: 0 });
    expect(await endChildWorker(pool, child, 'guilty', DEATH)).toMatchObject({ kind: 'requeued', task: { guilt: 1 } });
  });
});

describe('a child', () => {
  it('is judged by its living parent, and buried with a dead one, when nobody is guilty', async () => {
    const parent = await registerTestWorker(pool);
    const taskId = await createSuspect();
    const child = await startChild(parent, taskId);
    expect(await buryChildren(pool)).toEqual([]);
    await requeueOrphans(pool, 10);
    expect(await recordOf(taskId)).toMatchObject({ status: 'running' });
    await endWorker(pool, parent);
    expect(await buryChildren(pool)).toEqual([child]);
    await requeueOrphans(pool, 10);
    expect(await recordOf(taskId)).toMatchObject({ status: 'waiting', suspicion: 3, guilt: 0, deaths: 3 });
  });

  it('is buried when its parent has not reported for long', async () => {
    const parent = await registerTestWorker(pool);
    const child = await startChild(parent, await createSuspect());
    const expire = (seconds: number) =>
      pool.query('update workers set lease_until = now() - make_interval(secs => $2) where incarnation = $1', [
        toUuid(child),
        seconds,
      ]);
    await expire(20);
    expect(await buryChildren(pool)).toEqual([]);
    await expire(40);
    expect(await buryChildren(pool)).toEqual([child]);
  });
});

describe('requeueOrphans', () => {
  it('logs that a task waits from its third death on, with the next number of its log, and hands it out', async () => {
    const taskId = await createSuspect();
    await pool.query('update tasks set suspicion = 2, deaths = 2 where id = $1', [toUuid(taskId)]);
    const dead = await registerTestWorker(pool);
    await claimTasks(pool, { taskIds: [taskId], incarnation: dead, workerName: 'w' });
    await setStatus(dead, 'dead');
    const [requeued] = await requeueOrphans(pool, 10);
    expect(requeued).toMatchObject({ taskId, suspicion: 3, deaths: 3, events: { types: ['task.waiting'] } });
    const logged = await readEvents(pool, taskId, 0, 100);
    expect(logged.at(-1)).toMatchObject({ ...requeued?.events, firstSeq: (logged.at(-2)?.lastSeq ?? 0) + 1 });
    const event = JSON.parse(logged.at(-1)?.payload ?? '{}') as { data: Record<string, unknown> };
    expect(event).toMatchObject({ type: 'task.waiting', epoch: 3 });
    expect(event.data).toMatchObject({ waiting_for: 'retry', attempts: 0, deaths: 3 });
    expect(Date.parse(String(event.data.wake_at))).toBeGreaterThan(Date.now() - 5_000);
  });
});
