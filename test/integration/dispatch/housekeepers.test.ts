import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  createDispatcher,
  createExpirer,
  createRescuer,
  createWaker,
  type Leadership,
  startHousekeeping,
  startLeadership,
} from '../../../packages/dispatch/src/index.ts';
import { createId, type Incarnation, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { createTaskQueue, type TaskQueue } from '../../../packages/queue/src/index.ts';
import {
  claimTasks,
  type EventRow,
  endWorker,
  openPool,
  openSession,
  type Pool,
  registerWorker,
  type Session,
} from '../../../packages/store/src/index.ts';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createLockKey } from '../../support/register-test-worker.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const log = createSilentLogger();
const metrics = createMetrics();
let database: TestDatabase;
let pool: Pool;
const sessions = new Map<Incarnation, Session>();

beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 6, log });
});
beforeEach(async () => {
  await pool.query('truncate tasks, task_heads, task_events, workers, leadership cascade');
});
afterEach(async () => {
  await Promise.all([...sessions.values()].map((session) => session.close()));
  sessions.clear();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** A worker as a process registers it, with its session lock. */
async function startFakeWorker(leaseMs = 60_000, capacity = 10): Promise<Incarnation> {
  const incarnation = createId('worker');
  const lockKey = createLockKey();
  const session = openSession({ databaseUrl: database.url, applicationName: 'presence', log });
  await session.hold(lockKey);
  sessions.set(incarnation, session);
  await registerWorker(pool, { incarnation, name: 'w', host: 'h', pid: 1, version: '0', capacity, lockKey, leaseMs });
  return incarnation;
}

/** As `kill -9` does: the connection is gone, the row says alive. */
async function killFakeWorker(incarnation: Incarnation): Promise<void> {
  await sessions.get(incarnation)?.close();
  sessions.delete(incarnation);
}

async function claimNew(incarnation: Incarnation): Promise<TaskId> {
  const { taskId } = await insertQueuedTask(pool);
  const claimed = await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'w' });
  expect(claimed).toHaveLength(1);
  return taskId;
}

async function stateOf(taskId: TaskId) {
  const { rows } = await pool.query<{ status: string; suspicion: number }>(
    'select h.status, t.suspicion from tasks t join task_heads h on h.task_id = t.id where t.id = $1',
    [toUuid(taskId)],
  );
  return rows[0];
}

describe('the rescuer', () => {
  const rescuer = () => createRescuer({ pool, log, metrics });

  it('buries a worker whose lock was free at two looks, and not at one', async () => {
    const [dead, alive] = [await startFakeWorker(), await startFakeWorker()];
    await startFakeWorker();
    const taskId = await claimNew(dead);
    const kept = await claimNew(alive);
    const one = rescuer();
    await one.runOnce();
    await killFakeWorker(dead);
    await one.runOnce();
    expect(await stateOf(taskId)).toEqual({ status: 'running', suspicion: 0 });
    await one.runOnce();
    expect(await stateOf(taskId)).toEqual({ status: 'queued', suspicion: 1 });
    expect(await stateOf(kept)).toEqual({ status: 'running', suspicion: 0 });
  });

  it('buries a worker whose lease has passed although its lock is held', async () => {
    const frozen = await startFakeWorker(1);
    const taskId = await claimNew(frozen);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await rescuer().runOnce();
    expect(await stateOf(taskId)).toEqual({ status: 'queued', suspicion: 1 });
  });

  it('trusts leases alone when most locks vanish together', async () => {
    const workers = [await startFakeWorker(), await startFakeWorker(), await startFakeWorker()];
    const tasks = [];
    for (const worker of workers) tasks.push(await claimNew(worker));
    const one = rescuer();
    for (const worker of workers.slice(0, 2)) await killFakeWorker(worker);
    for (let look = 0; look < 4; look++) await one.runOnce();
    for (const taskId of tasks) expect(await stateOf(taskId)).toMatchObject({ status: 'running' });
    await pool.query("update workers set lease_until = now() - interval '1 second' where incarnation = $1", [
      toUuid(workers[0] ?? createId('worker')),
    ]);
    await one.runOnce();
    expect(await stateOf(tasks[0] ?? createId('task'))).toMatchObject({ status: 'queued' });
    expect(await stateOf(tasks[1] ?? createId('task'))).toMatchObject({ status: 'running' });
  });

  it('buries nobody when every connection is ended at once, because they come back', async () => {
    const workers = [await startFakeWorker(), await startFakeWorker(), await startFakeWorker()];
    const taskId = await claimNew(workers[0] ?? createId('worker'));
    const one = rescuer();
    for (let round = 0; round < 3; round++) {
      await pool.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'presence'");
      await one.runOnce();
      await one.runOnce();
      await eventually('all locks are back', async () => {
        const { rows } = await pool.query("select 1 from pg_locks where locktype = 'advisory' and granted");
        return rows.length === 3;
      });
    }
    expect(await stateOf(taskId)).toEqual({ status: 'running', suspicion: 0 });
  });

  it('requeues what a worker that ended on purpose left, without suspicion', async () => {
    const stopped = await startFakeWorker();
    const taskId = await claimNew(stopped);
    await endWorker(pool, stopped);
    await rescuer().runOnce();
    expect(await stateOf(taskId)).toEqual({ status: 'queued', suspicion: 0 });
  });
});

describe('the dispatcher', () => {
  let queue: TaskQueue;
  let admin: Redis;
  let prefix: string;
  beforeEach(() => {
    prefix = `t-${randomUUID().slice(0, 8)}`;
    admin = new Redis(inject('redisUrl'));
    queue = createTaskQueue({ redisUrl: inject('redisUrl'), prefix, log });
  });
  afterEach(async () => {
    await queue.close();
    admin.disconnect();
  });
  const connected = () =>
    eventually('the queue is connected', () =>
      queue.waitingCount().then(
        () => true,
        () => false,
      ),
    );
  const runPast = async (runOnce: () => Promise<boolean>) => {
    await runOnce();
    return queue.waitingCount();
  };

  it('keeps about two jobs ready for a slot of the fleet, and no more', async () => {
    await startFakeWorker(60_000, 3);
    await startFakeWorker(60_000, 2);
    await startFakeWorker(-1, 50); // its lease is over: its slots do not count
    for (let n = 0; n < 30; n++) await insertQueuedTask(pool);
    await connected();
    const { runOnce } = createDispatcher({ pool, queue });
    expect(await runPast(runOnce)).toBe(10);
    expect(await runPast(runOnce)).toBe(10);
    const { rows } = await pool.query('select 1 from tasks where dispatch_no = 1');
    expect(rows).toHaveLength(10);
  });

  it('offers nothing without a worker', async () => {
    await insertQueuedTask(pool);
    await connected();
    expect(await runPast(createDispatcher({ pool, queue }).runOnce)).toBe(0);
  });

  it('offers a task again after 30 seconds, 2 minutes and 10 minutes, under another job id each time', async () => {
    await startFakeWorker(60_000, 100);
    const { taskId } = await insertQueuedTask(pool);
    await connected();
    const { runOnce } = createDispatcher({ pool, queue });
    const delays: number[] = [];
    for (let n = 0; n < 4; n++) {
      await runOnce();
      const { rows } = await pool.query<{ seconds: number }>(
        'select extract(epoch from next_dispatch_at - now())::float8 as seconds from tasks',
      );
      delays.push(Math.round((rows[0]?.seconds ?? 0) / 10) * 10);
      await pool.query('update tasks set next_dispatch_at = now()');
    }
    expect(delays).toEqual([30, 120, 600, 600]);
    const ids = await admin.lrange(`${prefix}:tasks:wait`, 0, -1);
    expect(ids.sort()).toEqual([1, 2, 3, 4].map((no) => `${taskId}.${no}`));
  });

  it('offers nothing while Redis is away', async () => {
    const away = createTaskQueue({ redisUrl: 'redis://127.0.0.1:1', prefix, log });
    await startFakeWorker();
    await insertQueuedTask(pool);
    expect(await createDispatcher({ pool, queue: away }).runOnce()).toBe(false);
    expect((await pool.query('select 1 from tasks where dispatch_no > 0')).rows).toEqual([]);
    await away.close();
  });
});

describe('the waker and the expirer', () => {
  it('wakes what is due and nothing else', async () => {
    const { taskId: due } = await insertQueuedTask(pool);
    const { taskId: later } = await insertQueuedTask(pool);
    await pool.query("update task_heads set status = 'waiting'");
    await pool.query(
      `update tasks set next_dispatch_at = null, waiting_for = 'retry',
       wake_at = case when id = $1 then now() else now() + interval '1 hour' end`,
      [toUuid(due)],
    );
    await createWaker({ pool }).runOnce();
    expect(await stateOf(due)).toMatchObject({ status: 'queued' });
    expect(await stateOf(later)).toMatchObject({ status: 'waiting' });
  });

  it('ends queued tasks whose deadline has passed and publishes their last event', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await insertQueuedTask(pool);
    await pool.query('update tasks set deadline_at = now() where id = $1', [toUuid(taskId)]);
    const published: EventRow[] = [];
    await createExpirer({ pool, publish: (rows) => published.push(...rows) }).runOnce();
    expect(published).toMatchObject([{ taskId, types: ['task.expired'] }]);
    expect(await stateOf(taskId)).toMatchObject({ status: 'expired' });
  });
});

describe('leadership', () => {
  const leaders: Leadership[] = [];
  afterEach(async () => {
    await Promise.all(leaders.splice(0).map((one) => one.stop()));
  });
  const lead = (incarnation: Incarnation) => {
    const one = startLeadership({ pool, incarnation, log });
    leaders.push(one);
    return one;
  };

  it('goes to one; to the next at once when that one dies or resigns', async () => {
    const [first, second, third] = [await startFakeWorker(), await startFakeWorker(), await startFakeWorker()];
    const a = lead(first);
    await eventually('the first leads', () => a.leads());
    const b = lead(second);
    const c = lead(third);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect([a, b, c].map((one) => one.leads())).toEqual([true, false, false]);
    await a.stop();
    expect(a.leads()).toBe(false);
    await eventually('another one leads', () => b.leads() !== c.leads(), 1_000);
    const [leader, next] = b.leads() ? [second, c] : [third, b];
    const dying = b.leads() ? b : c;
    // A process that dies asks no more and loses its lock.
    await dying.stop();
    await pool.query("update leadership set incarnation = $1, lease_until = now() + interval '5 seconds'", [
      toUuid(leader),
    ]);
    await killFakeWorker(leader);
    await eventually('the last one leads', () => next.leads(), 1_000);
  });

  it('goes on when the leader is frozen: after its lease, although its lock is held', async () => {
    const [frozen, other] = [await startFakeWorker(), await startFakeWorker()];
    await pool.query("insert into leadership values (true, $1, now() + interval '700 milliseconds')", [toUuid(frozen)]);
    const one = lead(other);
    const startedAt = performance.now();
    await eventually('the other leads', () => one.leads());
    expect(performance.now() - startedAt).toBeGreaterThan(500);
  });

  it('runs housekeepers only while it leads, and none of their failures stops the others', async () => {
    let leads = false;
    const runs = { good: 0, bad: 0 };
    const housekeeping = startHousekeeping({
      housekeepers: [
        {
          name: 'good',
          intervalMs: 5,
          async runOnce() {
            runs.good += 1;
            return false;
          },
        },
        {
          name: 'bad',
          intervalMs: 5,
          async runOnce() {
            runs.bad += 1;
            throw new Error('always');
          },
        },
      ],
      leads: () => leads,
      log,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runs).toEqual({ good: 0, bad: 0 });
    leads = true;
    await eventually('both run', () => runs.good > 10 && runs.bad > 2);
    expect(runs.bad).toBeLessThan(runs.good);
    await housekeeping.stop();
    const after = runs.good;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runs.good).toBe(after);
  });
});
