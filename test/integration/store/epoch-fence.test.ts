import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createFailure,
  createId,
  type Incarnation,
  type NewEvent,
  type TaskId,
  toEventLine,
  toUuid,
} from '../../../packages/domain/src/index.ts';
import {
  buryWorkers,
  cancelTasks,
  claimTasks,
  expireDueTasks,
  flushTasks,
  openPool,
  type Pool,
  readEvents,
  readSteps,
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

function flush(taskId: TaskId, epoch: number, flushNo: number, rest: Partial<TaskFlush> = {}): TaskFlush {
  const event: NewEvent = { type: 'task.progress', data: { flushNo } };
  return { taskId, epoch, flushNo, events: [toEventLine(event, epoch, new Date())], steps: [], artifacts: [], ...rest };
}

function step(key: string) {
  return {
    id: createId('step'),
    run: 1,
    stepKey: key,
    turn: 1,
    position: 0,
    kind: 'tool' as const,
    name: 'x',
    status: 'done' as const,
    attempts: 1,
    startedAt: new Date(),
    content: '1',
  };
}

async function claimOne(taskId: TaskId, incarnation: Incarnation) {
  const [claimed] = await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'w' });
  if (!claimed) throw new Error('not claimed');
  return claimed;
}

describe('flushTasks', () => {
  it('writes and answers two epochs of one task in one flush each for itself', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const incarnation = await registerTestWorker(pool);
    await claimOne(taskId, incarnation);
    await pool.query("update task_heads set status = 'queued' where task_id = $1", [toUuid(taskId)]);
    await claimOne(taskId, incarnation);
    const answers = await flushTasks(pool, [
      flush(taskId, 1, 1, { steps: [step('dead')], agentVersion: 'dead' }),
      flush(taskId, 2, 1, { steps: [step('live')] }),
    ]);
    expect(answers.map(({ verdict, firstSeq }) => [verdict, firstSeq])).toEqual([
      ['fenced', undefined],
      ['ok', 4],
    ]);
    expect((await readSteps(pool, taskId, 1)).map(({ stepKey }) => stepKey)).toEqual(['live']);
    const { rows } = await pool.query('select agent_version from tasks where id = $1', [toUuid(taskId)]);
    expect(rows).toEqual([{ agent_version: null }]);
  });
});

describe('requeueOrphans', () => {
  it('raises suspicion for a death, not for a graceful end, and backs off from the third death on', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const seen: string[] = [];
    for (const end of ['dead', 'stopped', 'dead', 'dead', 'dead']) {
      const incarnation = await registerTestWorker(pool);
      await pool.query('update tasks set wake_at = now() where id = $1 and wake_at is not null', [toUuid(taskId)]);
      await wakeDueTasks(pool, 10);
      await claimOne(taskId, incarnation);
      await pool.query('update workers set status = $2 where incarnation = $1', [toUuid(incarnation), end]);
      await requeueOrphans(pool, 10);
      const { rows } = await pool.query<{ status: string; suspicion: number; wake_s: number | null }>(
        `select h.status, t.suspicion, extract(epoch from t.wake_at - now())::float8 as wake_s
         from tasks t join task_heads h on h.task_id = t.id where t.id = $1`,
        [toUuid(taskId)],
      );
      const [row] = rows;
      seen.push(`${row?.status} ${row?.suspicion} ${row?.wake_s === null ? '-' : Math.ceil(row?.wake_s ?? 0)}`);
    }
    expect(seen).toEqual(['queued 1 -', 'queued 1 -', 'queued 2 -', 'waiting 3 1', 'waiting 4 2']);
  });
});

describe('buryWorkers', () => {
  it('spares a worker whose session lock is held again, and one whose lease runs', async () => {
    const incarnation = await registerTestWorker(pool);
    const { rows } = await pool.query<{ lock_key: string }>(
      'select lock_key::text from workers where incarnation = $1',
      [toUuid(incarnation)],
    );
    const holder = await pool.connect();
    await holder.query('select pg_advisory_lock($1::bigint)', [rows[0]?.lock_key]);
    expect(await buryWorkers(pool, [incarnation], true)).toEqual([]);
    await holder.query('select pg_advisory_unlock_all()');
    holder.release();
    expect(await buryWorkers(pool, [incarnation], false)).toEqual([]);
    expect(await buryWorkers(pool, [incarnation], true)).toEqual([incarnation]);
    expect(await buryWorkers(pool, [incarnation], true)).toEqual([]);
  });
});

describe('expireDueTasks', () => {
  it('declares a half turn void before the final event', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const incarnation = await registerTestWorker(pool);
    await claimOne(taskId, incarnation);
    await flushTasks(pool, [flush(taskId, 1, 1, { openTurn: 0 })]);
    await pool.query('update tasks set deadline_at = now() where id = $1', [toUuid(taskId)]);
    const failure = createFailure('deadline_exceeded', 'late');
    expect(await expireDueTasks(pool, 10, failure)).toEqual([]); // a worker runs it
    await releaseTasks(pool, [{ taskId, epoch: 1 }]);
    const [row] = await expireDueTasks(pool, 10, failure);
    expect(row).toMatchObject({ firstSeq: 4, lastSeq: 5, types: ['turn.voided', 'task.expired'], visibility: 'uu' });
    const lines = (await readEvents(pool, taskId, 3, 10)).flatMap(({ payload }) => payload.split('\n'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { type: 'turn.voided', epoch: 1, data: { from: 3, to: 3 } },
      { type: 'task.expired', epoch: 1 },
    ]);
  });
});

describe('claims, flushes, releases, cancels and rescues of many workers at once', () => {
  it('neither deadlock nor let an old epoch write after a newer one', async () => {
    const random = createSeededRandom(chooseSeed());
    const tenantId = createId('tenant');
    const taskIds: TaskId[] = [];
    for (let i = 0; i < 12; i++) taskIds.push((await insertQueuedTask(pool, { tenantId })).taskId);
    const until = performance.now() + 4_000;
    const accepted: { taskId: TaskId; epoch: number; firstSeq: number }[] = [];
    const pick = <T>(from: readonly T[]): T[] => from.filter(() => random() < 0.5);

    async function work(): Promise<void> {
      let incarnation = await registerTestWorker(pool);
      const mine = new Map<TaskId, { epoch: number; flushNo: number }>();
      while (performance.now() < until) {
        const claimed = await claimTasks(pool, { taskIds: pick(taskIds), incarnation, workerName: 'w' });
        for (const { taskId, epoch } of claimed) mine.set(taskId, { epoch, flushNo: 0 });
        // Fake workers never forget: what they lost long ago they go on writing, as a worker that was frozen does.
        const flushes = pick([...mine]).map(([taskId, { epoch, flushNo }]) => flush(taskId, epoch, flushNo + 1));
        for (const [index, answer] of (await flushTasks(pool, flushes)).entries()) {
          const sent = flushes[index];
          if (!sent || answer.verdict !== 'ok') continue;
          mine.set(sent.taskId, { epoch: sent.epoch, flushNo: sent.flushNo });
          accepted.push({ taskId: sent.taskId, epoch: sent.epoch, firstSeq: answer.firstSeq ?? 0 });
        }
        if (random() < 0.3) {
          await releaseTasks(
            pool,
            pick([...mine]).map(([taskId, { epoch }]) => ({ taskId, epoch })),
          );
        }
        if (random() < 0.05) {
          await pool.query("update workers set status = 'dead' where incarnation = $1", [toUuid(incarnation)]);
          incarnation = await registerTestWorker(pool);
        }
      }
    }
    async function rescue(): Promise<void> {
      while (performance.now() < until) {
        await requeueOrphans(pool, 100);
        await pool.query(
          `update tasks set wake_at = now(), suspicion = 0
           where id in (select id from tasks where wake_at is not null for update skip locked)`,
        );
        await wakeDueTasks(pool, 100);
      }
    }
    async function cancel(): Promise<void> {
      const doomed = taskIds.slice(0, 3);
      while (performance.now() < until) {
        const force = random() < 0.1;
        await cancelTasks(pool, { tenantId, taskIds: pick(doomed), force, reason: undefined, actor: 'test' });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await Promise.all([work(), work(), work(), work(), work(), rescue(), rescue(), cancel()]);

    expect(accepted.length).toBeGreaterThan(100);
    for (const taskId of taskIds) {
      const rows = await readEvents(pool, taskId, 0, 100_000);
      let next = 1;
      for (const row of rows) {
        expect(row.firstSeq).toBe(next);
        next = row.lastSeq + 1;
      }
      const { rows: epochs } = await pool.query<{ epoch: number; first_seq: number }>(
        'select epoch, first_seq from task_events where task_id = $1 order by last_seq',
        [toUuid(taskId)],
      );
      expect(epochs.map(({ epoch }) => epoch)).toEqual(epochs.map(({ epoch }) => epoch).sort((a, b) => a - b));
      for (const answer of accepted.filter((one) => one.taskId === taskId)) {
        expect(epochs).toContainEqual({ epoch: answer.epoch, first_seq: answer.firstSeq });
      }
    }
    // Of each epoch of each task every flush that was answered ok is there once: nothing was written twice.
    const written = await pool.query<{ count: number }>(
      "select count(*)::integer as count from task_events where types = array['task.progress'] and task_id = any($1)",
      [taskIds.map(toUuid)],
    );
    expect(written.rows[0]?.count).toBe(accepted.length);
  }, 30_000);
});
