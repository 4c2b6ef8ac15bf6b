import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createFailure,
  createId,
  type NewEvent,
  NO_USAGE,
  type TaskId,
  toEventLine,
  toUuid,
} from '../../../packages/domain/src/index.ts';
import {
  claimTasks,
  flushTasks,
  openPool,
  type Pool,
  readEvents,
  readSteps,
  type TaskFlush,
} from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 5, log: createSilentLogger() });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function claim(taskId: TaskId) {
  const incarnation = await registerTestWorker(pool);
  const [claimed] = await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'test' });
  if (!claimed) throw new Error('not claimed');
  return claimed;
}

function flush(
  taskId: TaskId,
  epoch: number,
  flushNo: number,
  events: NewEvent[] = [],
  rest: Partial<TaskFlush> = {},
): TaskFlush {
  return {
    taskId,
    epoch,
    flushNo,
    events: events.map((event) => toEventLine(event, epoch, new Date())),
    steps: [],
    artifacts: [],
    ...rest,
  };
}

async function typesOf(taskId: TaskId): Promise<string[]> {
  return (await readEvents(pool, taskId, 0, 100)).flatMap((row) => row.types);
}

const text = (value: string): NewEvent => ({ type: 'text.delta', data: { text: value } });

describe('claimTasks', () => {
  it('gives a queued task to exactly one of many claimers', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const incarnation = await registerTestWorker(pool);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'test' })),
    );
    expect(answers.flat()).toHaveLength(1);
    expect(answers.flat()[0]).toMatchObject({ epoch: 1, run: 1, attempts: 0, input: {} });
    expect(await typesOf(taskId)).toEqual(['task.queued', 'task.started']);
  });

  it('counts what is left until the deadline by the clock of Postgres, however wrong that of the worker is', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await pool.query("update tasks set deadline_at = now() + interval '60 seconds' where id = $1", [toUuid(taskId)]);
    const wrong = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
    try {
      const { deadlineAt } = await claim(taskId);
      const leftMs = (deadlineAt?.getTime() ?? 0) - Date.now();
      expect(leftMs).toBeGreaterThan(30_000);
      expect(leftMs).toBeLessThanOrEqual(60_000);
    } finally {
      wrong.mockRestore();
    }
  });

  it('gives nothing to an incarnation that was declared dead', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const incarnation = await registerTestWorker(pool);
    await pool.query("update workers set status = 'dead' where name = 'test'");
    expect(await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'test' })).toEqual([]);
  });

  it('announces the half turn of the epoch before as void', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const first = await claim(taskId);
    await flushTasks(pool, [
      flush(taskId, first.epoch, 1, [{ type: 'turn.started', data: {} }, text('half a')], { openTurn: 0 }),
    ]);
    await pool.query("update task_heads set status = 'queued' where epoch = 1");
    const second = await claim(taskId);
    expect(second.epoch).toBe(2);
    expect(second.events).toMatchObject({ firstSeq: 5, lastSeq: 6, types: ['task.resumed', 'turn.voided'] });
    expect(JSON.parse(second.events.payload.split('\n')[1] ?? '')).toMatchObject({
      epoch: 2,
      data: { from: 3, to: 4 },
    });
  });
});

describe('flushTasks', () => {
  it('numbers events densely across tasks that share a flush', async () => {
    const tasks = await Promise.all([1, 2, 3].map(() => insertQueuedTask(pool)));
    for (const { taskId } of tasks) await claim(taskId);
    const answers = await flushTasks(
      pool,
      tasks.map(({ taskId }) => flush(taskId, 1, 1, [text('a'), text('b')])),
    );
    expect(answers.map((answer) => [answer.verdict, answer.firstSeq])).toEqual([
      ['ok', 3],
      ['ok', 3],
      ['ok', 3],
    ]);
    const rows = await readEvents(pool, tasks[0]?.taskId ?? createId('task'), 2, 10);
    expect(rows).toMatchObject([{ firstSeq: 3, lastSeq: 4, types: ['text.delta', 'text.delta'], visibility: 'uu' }]);
  });

  it('answers a repeated flush with the numbers it got then and inserts nothing', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const { epoch } = await claim(taskId);
    const once = flush(taskId, epoch, 1, [text('only once')]);
    const [first] = await flushTasks(pool, [once]);
    const [again] = await flushTasks(pool, [once]);
    expect(first).toMatchObject({ verdict: 'ok', firstSeq: 3 });
    expect(again).toMatchObject({ verdict: 'repeated', firstSeq: 3 });
    expect(await typesOf(taskId)).toEqual(['task.queued', 'task.started', 'text.delta']);
  });

  it('fences an epoch that is over: no event, step, status or result of it lands', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const zombie = await claim(taskId);
    await pool.query(
      "update task_heads set status = 'queued' where task_id in (select id from tasks where finished_at is null) and epoch = 1",
    );
    await claim(taskId);
    const step = {
      id: createId('step'),
      run: 1,
      stepKey: 't1',
      turn: 1,
      position: 0,
      kind: 'turn' as const,
      name: 'm',
      status: 'done' as const,
      attempts: 1,
      startedAt: new Date(),
      content: '[]',
    };
    const [answer] = await flushTasks(pool, [
      flush(taskId, zombie.epoch, 1, [text('late')], {
        steps: [step],
        settlement: { to: 'completed', result: '"late"', usage: NO_USAGE, attempts: 0, history: [] },
      }),
    ]);
    expect(answer).toMatchObject({ verdict: 'fenced', firstSeq: undefined });
    expect(await typesOf(taskId)).toEqual(['task.queued', 'task.started', 'task.resumed']);
    expect(await readSteps(pool, taskId, 1)).toEqual([]);
    const { rows } = await pool.query('select result from tasks where finished_at is not null');
    expect(rows).toEqual([]);
  });

  it('fences a worker whose task was requeued but not claimed yet', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const zombie = await claim(taskId);
    await pool.query("update task_heads set status = 'queued'");
    const [answer] = await flushTasks(pool, [flush(taskId, zombie.epoch, 1, [text('late')])]);
    expect(answer?.verdict).toBe('fenced');
  });

  it('says busy, and writes the others, while somebody holds one head', async () => {
    const held = await insertQueuedTask(pool);
    const free = await insertQueuedTask(pool);
    await claim(held.taskId);
    await claim(free.taskId);
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('select 1 from task_heads where task_id = $1 for update', [toUuid(held.taskId)]);
    const answers = await flushTasks(pool, [
      flush(held.taskId, 1, 1, [text('x')]),
      flush(free.taskId, 1, 1, [text('y')]),
    ]);
    await holder.query('rollback');
    holder.release();
    expect(answers.map((answer) => answer.verdict)).toEqual(['busy', 'ok']);
  });

  it('refuses to complete after a cancel was requested, and writes nothing of that flush', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await claim(taskId);
    await pool.query('update task_heads set cancel_requested_at = now()');
    const settlement = { to: 'completed' as const, result: '1', usage: NO_USAGE, attempts: 0, history: [] };
    const [refused] = await flushTasks(pool, [
      flush(taskId, 1, 1, [{ type: 'task.completed', data: {} }], { settlement }),
    ]);
    expect(refused).toMatchObject({ verdict: 'cancel_first', cancelRequested: true });
    const [kept] = await flushTasks(pool, [flush(taskId, 1, 1, [text('a finished step still counts')])]);
    expect(kept?.verdict).toBe('ok');
    const [cancelled] = await flushTasks(pool, [
      flush(taskId, 1, 2, [{ type: 'task.cancelled', data: {} }], { settlement: { ...settlement, to: 'cancelled' } }),
    ]);
    expect(cancelled?.verdict).toBe('ok');
    expect(await typesOf(taskId)).toEqual(['task.queued', 'task.started', 'text.delta', 'task.cancelled']);
  });

  it('commits status, result, final event and dead letter together', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await claim(taskId);
    const failure = createFailure('model_invalid_request', 'bad \u0000 thing \ud800');
    const id = createId('dl');
    const [answer] = await flushTasks(pool, [
      flush(taskId, 1, 1, [{ type: 'task.failed', data: { failure: { ...failure } } }], {
        settlement: {
          to: 'failed',
          failure,
          usage: NO_USAGE,
          attempts: 1,
          history: [failure],
          deadLetter: { id, reason: 'permanent', retryStopped: 'non_retryable' },
        },
      }),
    ]);
    expect(answer?.verdict).toBe('ok');
    const { rows } = await pool.query(
      'select d.reason, d.code, h.status, t.failure is not null as told from dead_letters d join tasks t on t.dead_letter_id = d.id join task_heads h on h.task_id = t.id',
    );
    expect(rows).toEqual([{ reason: 'permanent', code: 'model_invalid_request', status: 'failed', told: true }]);
  });

  it('keeps a settled step when an intent or another result for it arrives later', async () => {
    const { taskId } = await insertQueuedTask(pool);
    await claim(taskId);
    const step = {
      id: createId('step'),
      run: 1,
      stepKey: 't1:a',
      turn: 1,
      position: 1,
      kind: 'tool' as const,
      name: 'x',
      status: 'done' as const,
      attempts: 1,
      startedAt: new Date(),
      content: '"first"',
    };
    await flushTasks(pool, [flush(taskId, 1, 1, [], { steps: [step] })]);
    await flushTasks(pool, [flush(taskId, 1, 2, [], { steps: [{ ...step, content: '"second"' }] })]);
    expect(await readSteps(pool, taskId, 1)).toMatchObject([{ content: '"first"', status: 'done' }]);
  });
});
