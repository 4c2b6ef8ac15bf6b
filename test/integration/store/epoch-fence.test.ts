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
import { eventually } from '../../support/eventually.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
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
      flush(taskId, 1, 1, { steps: [step('dead')], agentVersion: { version: 'dead', journalVersion: 1 } }),
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

describe('a flush that meets a takeover which has not committed yet', () => {
  it('writes nothing, whether it is answered before or after the commit', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await claimOne(taskId, await registerTestWorker(pool));
    const takeover = await pool.connect();
    await takeover.query('begin');
    await takeover.query('update task_heads set epoch = epoch + 1 where task_id = $1', [toUuid(taskId)]);
    const zombie = flushTasks(pool, [flush(taskId, 1, 1, { steps: [step('zombie')] })]);
    let isAnswered = false;
    const answer = zombie.finally(() => {
      isAnswered = true;
    });
    await eventually('the flush is answered, or waits for the lock', async () => {
      const { rows } = await pool.query<{ waiting: number }>(
        `select count(*) as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      return isAnswered || Number(rows[0]?.waiting) > 0;
    });
    await takeover.query('commit');
    takeover.release();
    expect(['busy', 'fenced']).toContain((await answer)[0]?.verdict);
    expect((await flushTasks(pool, [flush(taskId, 1, 1)]))[0]?.verdict).toBe('fenced');
    expect(await readSteps(pool, taskId, 1)).toEqual([]);
  });
});

describe('claimTasks', () => {
  it.each(['dead', 'stopped'])('gives nothing to an incarnation that is %s', async (status) => {
    const { taskId } = await insertQueuedTask(pool);
    const incarnation = await registerTestWorker(pool);
    await pool.query('update workers set status = $2 where incarnation = $1', [toUuid(incarnation), status]);
    expect(await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'w' })).toEqual([]);
    expect(await claimTasks(pool, { taskIds: [taskId], incarnation: createId('worker'), workerName: 'w' })).toEqual([]);
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
