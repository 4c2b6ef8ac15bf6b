import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOfferer } from '../../../packages/dispatch/src/index.ts';
import {
  createId,
  type Incarnation,
  type TaskId,
  type TenantId,
  toEventLine,
  toUuid,
} from '../../../packages/domain/src/index.ts';
import {
  cancelTasks,
  claimTasks,
  flushTasks,
  openPool,
  type Pool,
  readEvents,
  releaseTasks,
  requeueOrphans,
  type TaskFlush,
  wakeDueTasks,
} from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { chooseSeed, createSeededRandom } from '../../support/seeded-random.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const DURATION_MS = 4_000;
const TASKS = 12;
let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({
    databaseUrl: database.url,
    applicationName: 'test',
    maxConnections: 16,
    log: createSilentLogger(),
  });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

interface Accepted {
  taskId: TaskId;
  epoch: number;
  firstSeq: number;
}

interface Storm {
  random: () => number;
  taskIds: TaskId[];
  tenantId: TenantId;
  accepted: Accepted[];
  isOver(): boolean;
}

function pick<T>({ random }: Storm, from: readonly T[]): T[] {
  return from.filter(() => random() < 0.5);
}

function flush(taskId: TaskId, epoch: number, flushNo: number): TaskFlush {
  const event = toEventLine({ type: 'task.progress', data: { flushNo } }, epoch, new Date());
  return { taskId, epoch, flushNo, events: [event], steps: [], artifacts: [] };
}

/** A worker that never forgets: what it lost long ago it goes on writing, as one that was frozen does. */
async function work(storm: Storm): Promise<void> {
  let incarnation: Incarnation = await registerTestWorker(pool);
  const mine = new Map<TaskId, { epoch: number; flushNo: number }>();
  while (!storm.isOver()) {
    const claimed = await claimTasks(pool, { taskIds: pick(storm, storm.taskIds), incarnation, workerName: 'w' });
    for (const { taskId, epoch } of claimed) mine.set(taskId, { epoch, flushNo: 0 });
    const flushes = pick(storm, [...mine]).map(([taskId, { epoch, flushNo }]) => flush(taskId, epoch, flushNo + 1));
    for (const [index, answer] of (await flushTasks(pool, flushes)).entries()) {
      const sent = flushes[index];
      if (!sent || answer.verdict !== 'ok') continue;
      mine.set(sent.taskId, { epoch: sent.epoch, flushNo: sent.flushNo });
      storm.accepted.push({ taskId: sent.taskId, epoch: sent.epoch, firstSeq: answer.firstSeq ?? 0 });
    }
    if (storm.random() < 0.3) {
      const released = pick(storm, [...mine]).map(([taskId, { epoch }]) => ({ taskId, epoch }));
      await releaseTasks(pool, released);
    }
    if (storm.random() < 0.05) {
      await pool.query("update workers set status = 'dead' where incarnation = $1", [toUuid(incarnation)]);
      incarnation = await registerTestWorker(pool);
    }
  }
}

async function keepHouse(storm: Storm): Promise<void> {
  const offerer = createOfferer({ pool, random: storm.random });
  while (!storm.isOver()) {
    await requeueOrphans(pool, 100);
    await offerer.offer(5);
    await pool.query(
      `update tasks set wake_at = now(), suspicion = 0
       where id in (select id from tasks where wake_at is not null for update skip locked)`,
    );
    await wakeDueTasks(pool, 100);
  }
}

async function cancelSome(storm: Storm): Promise<void> {
  const { tenantId, taskIds } = storm;
  while (!storm.isOver()) {
    const doomed = pick(storm, taskIds.slice(0, 3));
    const force = storm.random() < 0.1;
    await cancelTasks(pool, { tenantId, taskIds: doomed, force, reason: undefined, actor: 'test' });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Dense numbers, epochs that never go back, and every flush that was answered ok where it was said to be. */
async function checkLog(taskId: TaskId, accepted: readonly Accepted[]): Promise<void> {
  const rows = await readEvents(pool, taskId, 0, 100_000);
  let next = 1;
  for (const row of rows) {
    expect(row.firstSeq).toBe(next);
    next = row.lastSeq + 1;
  }
  const stored = await pool.query<{ epoch: number; first_seq: number }>(
    'select epoch, first_seq from task_events where task_id = $1 order by last_seq',
    [toUuid(taskId)],
  );
  const epochs = stored.rows.map(({ epoch }) => epoch);
  expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  const epochAt = new Map(stored.rows.map((row) => [row.first_seq, row.epoch]));
  for (const { epoch, firstSeq } of accepted) expect(epochAt.get(firstSeq)).toBe(epoch);
}

describe('claims, flushes, releases, cancels and rescues of many workers at once', () => {
  it('neither deadlock nor let an old epoch write after a newer one', async () => {
    const until = performance.now() + DURATION_MS;
    const storm: Storm = {
      random: createSeededRandom(chooseSeed()),
      tenantId: createId('tenant'),
      taskIds: [],
      accepted: [],
      isOver: () => performance.now() > until,
    };
    for (let i = 0; i < TASKS; i++) {
      storm.taskIds.push((await insertQueuedTask(pool, { tenantId: storm.tenantId })).taskId);
    }
    const workers = Array.from({ length: 5 }, () => work(storm));
    await Promise.all([...workers, keepHouse(storm), keepHouse(storm), cancelSome(storm)]);

    expect(storm.accepted.length).toBeGreaterThan(100);
    for (const taskId of storm.taskIds) {
      await checkLog(
        taskId,
        storm.accepted.filter((one) => one.taskId === taskId),
      );
    }
    const written = await pool.query<{ count: number }>(
      "select count(*)::integer as count from task_events where types = array['task.progress']",
    );
    expect(written.rows[0]?.count).toBe(storm.accepted.length); // nothing twice
  }, 30_000);
});
