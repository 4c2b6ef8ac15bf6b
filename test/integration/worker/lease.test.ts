import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ActiveTasks } from '../../../apps/worker/src/active-tasks.ts';
import { type ClaimBatcher, createClaimBatcher } from '../../../apps/worker/src/claim-batcher.ts';
import { startIdleClaimer } from '../../../apps/worker/src/idle-claimer.ts';
import { keepLease, type Lease } from '../../../apps/worker/src/lease.ts';
import { createOfferer } from '../../../packages/dispatch/src/index.ts';
import { type Incarnation, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { openPool, type Pool } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { createLostConnection, type Tap, tapPool } from '../eventlog/event-fixture.ts';

const log = createSilentLogger();
let database: TestDatabase;
let pool: Pool;
let tap: Tap = {};
let lease: Lease | undefined;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 6, log });
});
afterEach(async () => {
  lease?.stop();
  lease = undefined;
  tap = {};
  await pool.query('truncate tasks, task_heads, task_events, workers cascade');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const LEASE_MS = 600;

interface Held {
  incarnation: Incarnation;
  active: ActiveTasks;
  claims: ClaimBatcher;
  lost: { why: string; at: number }[];
  renewals: { value: number };
}

async function hold(options: { age?: number } = {}): Promise<Held> {
  const incarnation = await registerTestWorker(pool, LEASE_MS);
  const active = new ActiveTasks();
  const tapped = tapPool(pool, {
    before: (...args) => tap.before?.(...args),
    after: (...args) => tap.after?.(...args),
  });
  const claims = createClaimBatcher({ pool: tapped, incarnation, workerName: 'w' });
  const lost: Held['lost'] = [];
  const renewals = { value: 0 };
  const counted = tapPool(tapped, {
    after: (name) => {
      if (name === 'renew-lease') renewals.value += 1;
    },
  });
  lease = keepLease({
    pool: counted,
    incarnation,
    leaseMs: LEASE_MS,
    registeredAt: performance.now() - (options.age ?? 0),
    active,
    claims,
    log,
    onLost: (why) => lost.push({ why, at: performance.now() }),
  });
  return { incarnation, active, claims, lost, renewals };
}

async function isLeaseOver(incarnation: Incarnation): Promise<boolean> {
  const { rows } = await pool.query<{ over: boolean }>(
    'select lease_until < now() as over from workers where incarnation = $1',
    [toUuid(incarnation)],
  );
  return rows[0]?.over === true;
}

async function statusOf(taskId: TaskId): Promise<string | undefined> {
  const { rows } = await pool.query<{ status: string }>('select status from task_heads where task_id = $1', [
    toUuid(taskId),
  ]);
  return rows[0]?.status;
}

describe('keepLease', () => {
  it('is kept as long as it is renewed', async () => {
    const held = await hold();
    await eventually('it was renewed for longer than a lease', () => held.renewals.value >= 5);
    expect(held.lost).toEqual([]);
    expect(await isLeaseOver(held.incarnation)).toBe(false);
  });

  it.each([
    ['fail', () => Promise.reject(createLostConnection())],
    ['hang', () => new Promise<void>(() => undefined)],
  ])('is given up before others may take over when renewals %s', async (_, failure) => {
    let sentAt = performance.now();
    tap.before = () => {
      sentAt = performance.now();
    };
    const held = await hold();
    await eventually('it was renewed', () => held.renewals.value >= 1);
    tap.before = failure;
    await eventually('it is lost', () => held.lost.length > 0);
    // Postgres counts from when the renewal arrived: not before it was sent.
    expect((held.lost[0]?.at ?? 0) - sentAt).toBeLessThan(LEASE_MS);
    expect(held.lost).toMatchObject([{ why: 'the lease was not renewed in time' }]);
  });

  it('counts from when it was sent: a slow answer to the registration shortens the first one', async () => {
    tap.before = () => new Promise<void>(() => undefined);
    const startedAt = performance.now();
    const held = await hold({ age: 400 });
    await eventually('it is lost', () => held.lost.length > 0);
    expect((held.lost[0]?.at ?? 0) - startedAt).toBeLessThan(350);
  });

  it('counts from when a renewal was sent, however late its answer comes', async () => {
    let sent = 0;
    let sentAt = 0;
    tap.before = (name) => {
      if (name !== 'renew-lease') return undefined;
      sent += 1;
      if (sent > 1) return new Promise<void>(() => undefined);
      sentAt = performance.now();
      return undefined;
    };
    tap.after = () => new Promise<void>((resolve) => setTimeout(resolve, LEASE_MS / 2));
    const held = await hold();
    await eventually('it is lost', () => held.lost.length > 0);
    expect(held.renewals.value).toBe(1);
    expect((held.lost[0]?.at ?? 0) - sentAt).toBeLessThan(LEASE_MS);
  });

  it('is lost at once when the worker was declared dead', async () => {
    const held = await hold();
    await pool.query("update workers set status = 'dead' where incarnation = $1", [toUuid(held.incarnation)]);
    await eventually('it is lost', () => held.lost.length > 0, LEASE_MS);
    expect(held.lost).toMatchObject([{ why: 'this worker was declared dead' }]);
  });

  it('hands back a claim whose reply was lost after two renewals, and never a task that runs or is being claimed', async () => {
    const held = await hold();
    const [lost, live, claiming] = [
      await insertQueuedTask(pool),
      await insertQueuedTask(pool),
      await insertQueuedTask(pool),
    ];
    await held.claims.claim(live.taskId);
    held.active.add({ taskId: live.taskId, epoch: 1, stop: () => undefined });
    tap.after = (name) => {
      if (name === 'claim-tasks') throw createLostConnection();
    };
    await expect(held.claims.claim(lost.taskId)).rejects.toThrow();
    const seen = held.renewals.value;
    tap.after = (name) => (name === 'claim-tasks' ? new Promise<void>(() => undefined) : undefined);
    void held.claims.claim(claiming.taskId);
    await eventually('the lost claim is handed back', async () => (await statusOf(lost.taskId)) === 'queued');
    expect(held.renewals.value - seen).toBeGreaterThanOrEqual(2);
    await eventually('some renewals later', () => held.renewals.value >= seen + 6);
    expect(await statusOf(live.taskId)).toBe('running');
    expect(await statusOf(claiming.taskId)).toBe('running');
  });

  it('passes a cancel on that nobody pushed', async () => {
    const held = await hold();
    const { taskId } = await insertQueuedTask(pool);
    await held.claims.claim(taskId);
    const stops: string[] = [];
    held.active.add({ taskId, epoch: 1, stop: (reason) => stops.push(reason.name) });
    await pool.query('update task_heads set cancel_requested_at = now() where task_id = $1', [toUuid(taskId)]);
    await eventually('it was told to stop', () => stops.length > 0);
    expect(stops[0]).toBe('CancelRequestedError');
  });
});

describe('createClaimBatcher', () => {
  it('shares a statement among claims that come together, and gives a task to one caller', async () => {
    const held = await hold();
    const taskIds: TaskId[] = [];
    for (let n = 0; n < 5; n++) taskIds.push((await insertQueuedTask(pool)).taskId);
    let statements = 0;
    tap.before = (name) => {
      if (name === 'claim-tasks') statements += 1;
    };
    const answers = await Promise.all([...taskIds, ...taskIds].map((taskId) => held.claims.claim(taskId)));
    expect(statements).toBe(1);
    expect(
      answers
        .filter((task) => typeof task === 'object')
        .map((task) => task.taskId)
        .sort(),
    ).toEqual([...taskIds].sort());
  });

  it('rejects all of a statement that was not answered, and works again afterwards', async () => {
    const held = await hold();
    const { taskId } = await insertQueuedTask(pool);
    tap.before = (name) => {
      if (name === 'claim-tasks') throw createLostConnection();
    };
    const claim = held.claims.claim(taskId);
    expect(held.claims.isClaiming(taskId)).toBe(true);
    await expect(claim).rejects.toMatchObject({ failure: { code: 'storage_unavailable' } });
    await eventually('it is forgotten', () => !held.claims.isClaiming(taskId));
    tap.before = undefined;
    expect(await held.claims.claim(taskId)).toMatchObject({ taskId, epoch: 1 });
  });
});

describe('startIdleClaimer', () => {
  it('looks for queued tasks when no doorbell rang for two seconds and slots are free, never while it rings', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const active = new ActiveTasks();
    const found: TaskId[] = [];
    const offerer = createOfferer({ pool, random: Math.random });
    const idle = startIdleClaimer({
      pool,
      offerer,
      busy: () => active.size,
      capacity: 1,
      log,
      process: (id) => void found.push(id),
    });
    const ringing = setInterval(() => idle.noteJob(), 100);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(found).toEqual([]);
    clearInterval(ringing);
    const busy = { taskId, epoch: 1, stop: () => undefined };
    active.add(busy);
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    expect(found).toEqual([]); // no free slot
    active.remove(busy);
    await eventually('it looks', () => found.includes(taskId), 1_500);
    idle.stop();
  });
});
