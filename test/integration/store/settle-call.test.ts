import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, toEventLine, toUuid } from '../../../packages/domain/src/index.ts';
import {
  claimTasks,
  flushTasks,
  openPool,
  openTransaction,
  type Pool,
  releaseTasks,
  type StepRow,
  settleCall,
} from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  const log = createSilentLogger();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 4, log });
  await pool.query('create table effects (task_id uuid)');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** A running task with an intent in its journal, and the settled step that would follow. */
async function startCall() {
  const incarnation = await registerTestWorker(pool);
  const { taskId } = await insertQueuedTask(pool);
  const claim = async () => (await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'test' }))[0];
  const epoch = (await claim())?.epoch ?? 0;
  const intent: StepRow = {
    id: createId('step'),
    run: 1,
    stepKey: 't1:a',
    turn: 1,
    position: 1,
    kind: 'tool',
    name: 'act',
    status: 'intent',
    effectClass: 'transaction',
    attempts: 1,
    startedAt: new Date(),
  };
  const written = { taskId, epoch, flushNo: 1, events: [], steps: [intent], artifacts: [] };
  expect(await flushTasks(pool, [written])).toMatchObject([{ verdict: 'ok' }]);
  const step: StepRow = { ...intent, status: 'done', content: '{}', usage: { tool_calls: 1 } };
  const events = [toEventLine({ type: 'tool.completed', data: {} }, epoch, new Date())];
  /** The effect and its settlement, uncommitted. */
  const act = async () => {
    const transaction = await openTransaction(pool);
    await transaction.db.query('insert into effects values ($1)', [toUuid(taskId)]);
    return { transaction, row: await settleCall(transaction.db, { taskId, epoch, step, events }) };
  };
  const countEffects = async () =>
    (await pool.query('select from effects where task_id = $1', [toUuid(taskId)])).rowCount;
  return { taskId, epoch, claim, act, countEffects };
}

describe('settleCall', () => {
  it('commits effect, step and events together, numbered on from the log', async () => {
    const { taskId, act, countEffects } = await startCall();
    const { transaction, row } = await act();
    expect(row).toMatchObject({ taskId, firstSeq: 3, lastSeq: 3, types: ['tool.completed'], visibility: 'u' });
    await transaction.commit();
    expect(await countEffects()).toBe(1);
    const { rows } = await pool.query('select status from task_steps where task_id = $1', [toUuid(taskId)]);
    expect(rows).toEqual([{ status: 'done' }]);
  });

  it('refuses an epoch that is over: the effect goes with it', async () => {
    const { taskId, epoch, claim, act, countEffects } = await startCall();
    await releaseTasks(pool, [{ taskId, epoch }]);
    await claim();
    const { transaction, row } = await act();
    expect(row).toBeUndefined();
    await transaction.rollBack();
    expect(await countEffects()).toBe(0);
  });

  it('refuses a step that is settled: no second effect', async () => {
    const { act, countEffects } = await startCall();
    const first = await act();
    await first.transaction.commit();
    const second = await act();
    expect(second.row).toBeUndefined();
    await second.transaction.rollBack();
    expect(await countEffects()).toBe(1);
  });

  it('keeps everybody else from the head until it is decided: no claim in between reads an open journal', async () => {
    const { taskId, epoch, act } = await startCall();
    const { transaction } = await act();
    const flush = { taskId, epoch, flushNo: 2, events: [], steps: [], artifacts: [] };
    expect(await flushTasks(pool, [flush])).toMatchObject([{ verdict: 'busy' }]);
    expect(await releaseTasks(pool, [{ taskId, epoch }])).not.toContain(taskId);
    await transaction.commit();
    expect(await flushTasks(pool, [flush])).toMatchObject([{ verdict: 'ok' }]);
  });
});

describe('openTransaction', () => {
  it('gives its connection back whatever its end, and takes no statement after it', async () => {
    for (let n = 0; n < 10; n++) {
      const transaction = await openTransaction(pool);
      const slow = n % 2 === 0 ? transaction.db.query('select pg_sleep(0.2)') : undefined;
      slow?.catch(() => undefined);
      await transaction.rollBack();
      await transaction.rollBack();
      await expect(transaction.db.query('select 1')).rejects.toThrow('over');
      await expect(transaction.commit()).rejects.toThrow('over');
    }
    expect(pool.waitingCount).toBe(0);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});
