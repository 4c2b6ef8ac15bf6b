import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createId, NO_USAGE, toUuid } from '../../../packages/domain/src/index.ts';
import type { TaskLog } from '../../../packages/eventlog/src/index.ts';
import type { Settlement, StepRow } from '../../../packages/store/src/index.ts';
import { readSteps } from '../../../packages/store/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import {
  createEventFixture,
  createGate,
  createLostConnection,
  dataOf,
  type EventFixture,
  progress,
  textDelta,
} from './event-fixture.ts';

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await createEventFixture();
});
afterAll(() => fixture.close());
beforeEach(() => {
  fixture.flusher = fixture.createFlusher();
});
afterEach(() => {
  fixture.flushTap.before = undefined;
  fixture.flushTap.after = undefined;
});

const completed: Settlement = { to: 'completed', result: '1', usage: NO_USAGE, attempts: 0, history: [] };

function step(key: string, content = '"x"'): StepRow {
  return {
    id: createId('step'),
    run: 1,
    stepKey: key,
    turn: 1,
    position: 0,
    kind: 'tool',
    name: 'test',
    status: 'done',
    attempts: 1,
    startedAt: new Date(),
    content,
  };
}

/** How a promise stands now. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'settled'> {
  const settled = promise.then(
    () => 'settled' as const,
    () => 'settled' as const,
  );
  return Promise.race([settled, new Promise<'pending'>((resolve) => setImmediate(resolve, 'pending'))]);
}

async function requestCancel(log: TaskLog): Promise<void> {
  await fixture.pool.query('update task_heads set cancel_requested_at = now() where task_id = $1', [
    toUuid(log.taskId),
  ]);
}

describe('a task log', () => {
  it('keeps the order of emit, append and commit, and numbers on from the claim', async () => {
    const log = await fixture.openLog();
    await log.emit(textDelta('a'));
    await log.append({ events: [progress(1)] });
    await log.emit(textDelta('b'));
    await log.commit({ events: [progress(2)] });
    expect(await fixture.typesOf(log.taskId)).toEqual([
      'task.queued',
      'task.started',
      'text.delta',
      'task.progress',
      'text.delta',
      'task.progress',
    ]);
    expect(log.lastSeq).toBe(6);
  });

  it('merges deltas of one block, never across a block, a step, a type or another event', async () => {
    const log = await fixture.openLog();
    const gate = createGate();
    fixture.flushTap.before = () => gate.pass();
    const first = log.commit({});
    await eventually('the flush is under way', () => gate.arrivals === 1);
    void log.emit(textDelta('a', 0));
    void log.emit(textDelta('b', 0));
    void log.emit(textDelta('c', 1));
    void log.emit(textDelta('d', 0));
    void log.emit(textDelta('e', 0, 'step_2'));
    void log.emit({ ...textDelta('f', 0, 'step_2'), type: 'thinking.delta' });
    void log.emit(progress(1));
    void log.emit({ ...textDelta('g', 0, 'step_2'), type: 'thinking.delta' });
    void log.emit(textDelta('h'.repeat(1_999), 0));
    void log.emit(textDelta('ij', 0));
    gate.open();
    await first;
    await log.drain();
    const rows = await fixture.rowsOf(log.taskId);
    expect(dataOf(rows, 'text.delta').map(({ text }) => text)).toEqual(['ab', 'c', 'd', 'e', 'h'.repeat(1_999), 'ij']);
    expect(dataOf(rows, 'thinking.delta').map(({ text }) => text)).toEqual(['f', 'g']);
  });

  it('carries at most 100 events or 64 KB a flush, and one that is larger alone', async () => {
    const log = await fixture.openLog();
    for (let n = 0; n < 250; n++) void log.emit(progress(n));
    await log.drain();
    const rows = (await fixture.rowsOf(log.taskId)).slice(2);
    expect(rows.map((row) => row.types.length)).toEqual([100, 100, 50]);
    expect(dataOf(rows, 'task.progress').map(({ n }) => n)).toEqual(Array.from({ length: 250 }, (_, n) => n));

    for (const size of [40_000, 40_000, 200_000, 10]) {
      void log.emit({ type: 'log', data: { text: 'x'.repeat(size) } });
    }
    await log.drain();
    const sizes = (await fixture.rowsOf(log.taskId)).slice(5).map((row) => row.types.length);
    expect(sizes).toEqual([1, 1, 1, 1]);
  });

  it('holds whoever emits while the buffer is full, and lets go when it is not', async () => {
    const log = await fixture.openLog();
    const gate = createGate();
    fixture.flushTap.before = () => gate.pass();
    const first = log.commit({});
    await eventually('the first flush is under way', () => gate.arrivals === 1);
    for (let n = 0; n < 999; n++) expect(await stateOf(log.emit(progress(n)))).toBe('settled');
    const held = [log.emit(progress(999)), log.emit(textDelta('x')), log.emit(textDelta('y'))];
    for (const emitted of held) expect(await stateOf(emitted)).toBe('pending');
    gate.open();
    await Promise.all([first, ...held]);
    await log.drain();
    const large = { type: 'log' as const, data: { text: 'x'.repeat(600_000) } };
    fixture.flushTap.before = () => createGate().pass();
    expect(await stateOf(log.emit(large))).toBe('settled');
    void log.emit(large);
    const tooMuch = log.emit(large);
    expect(await stateOf(tooMuch)).toBe('pending');
    fixture.flusher.close(log);
    await tooMuch; // a log that ends holds nobody
  });

  it('resolves a commit only when it is in the database', async () => {
    const log = await fixture.openLog();
    const gate = createGate();
    fixture.flushTap.before = () => gate.pass();
    const committed = log.commit({ events: [progress(1)], steps: [step('t1')] });
    await eventually('the flush is under way', () => gate.arrivals === 1);
    expect(await stateOf(committed)).toBe('pending');
    expect(await readSteps(fixture.pool, log.taskId, 1)).toEqual([]);
    gate.open();
    await committed;
    expect(await readSteps(fixture.pool, log.taskId, 1)).toHaveLength(1);
  });

  it('settles: status, result and final event, and everything that was logged before it', async () => {
    const log = await fixture.openLog();
    void log.emit(textDelta('before'));
    expect(await log.settle(completed, { events: [{ type: 'task.completed', data: {} }] })).toBe('settled');
    const { rows } = await fixture.pool.query(
      'select h.status, t.result, t.incarnation from tasks t join task_heads h on h.task_id = t.id where t.id = $1',
      [toUuid(log.taskId)],
    );
    expect(rows).toEqual([{ status: 'completed', result: '1', incarnation: null }]);
    expect((await fixture.typesOf(log.taskId)).slice(2)).toEqual(['text.delta', 'task.completed']);
  });

  it('announces an open turn as void with the numbers it got', async () => {
    const log = await fixture.openLog();
    await log.append({ events: [progress(0), { type: 'turn.started', data: {} }], openTurn: 1 });
    void log.emit(textDelta('half a sen'));
    await log.voidOpenTurn();
    expect(dataOf(await fixture.rowsOf(log.taskId), 'turn.voided')).toEqual([{ from: 4, to: 5 }]);
    await log.voidOpenTurn(); // nothing is open any more
    await log.append({ events: [{ type: 'turn.started', data: {} }], openTurn: 0 });
    await log.commit({ events: [{ type: 'turn.completed', data: {} }], openTurn: null });
    await log.voidOpenTurn();
    expect(dataOf(await fixture.rowsOf(log.taskId), 'turn.voided')).toHaveLength(1);
  });

  it('writes what finished steps left, not the settlement, when a cancel came first', async () => {
    let cancels = 0;
    const log = await fixture.openLog(() => {
      cancels += 1;
    });
    await requestCancel(log);
    void log.append({ steps: [step('t1:a')], events: [progress(1)] });
    const settled = log.settle(completed, { events: [{ type: 'task.completed', data: {} }], steps: [step('t2')] });
    expect(await settled).toBe('cancel_first');
    await log.drain();
    expect(cancels).toBeGreaterThan(0);
    expect((await readSteps(fixture.pool, log.taskId, 1)).map(({ stepKey }) => stepKey)).toEqual(['t1:a']);
    expect(
      await log.settle({ ...completed, to: 'cancelled' }, { events: [{ type: 'task.cancelled', data: {} }] }),
    ).toBe('settled');
    expect((await fixture.typesOf(log.taskId)).slice(2)).toEqual(['task.progress', 'task.cancelled']);
  });
});

describe('a flush that fails', () => {
  it('is repeated under the same number with the same content when its reply was lost, and written once', async () => {
    const log = await fixture.openLog();
    const sent: string[] = [];
    let losses = 3;
    fixture.flushTap.after = (_, values) => {
      sent.push(JSON.stringify(values));
      void log.emit(textDelta('later')); // must not join what is in flight
      if (losses-- > 0) throw createLostConnection();
    };
    void log.emit(textDelta('first'));
    await log.commit({ events: [progress(1)] });
    fixture.flushTap.after = undefined;
    await log.drain();
    expect(sent.length).toBeGreaterThanOrEqual(4);
    expect(new Set(sent.slice(0, 4)).size).toBe(1);
    const rows = await fixture.rowsOf(log.taskId);
    expect(rows[2]?.types).toEqual(['text.delta', 'task.progress']);
    expect(dataOf(rows, 'task.progress')).toHaveLength(1);
    expect(dataOf(rows, 'text.delta')[0]).toMatchObject({ text: 'first' });
  });

  it('does not ask a database that is away more often because somebody is in a hurry', async () => {
    const log = await fixture.openLog();
    let asked = 0;
    fixture.flushTap.before = () => {
      asked += 1;
      throw createLostConnection();
    };
    const commits = [log.commit({ events: [progress(0)] })];
    const startedAt = performance.now();
    await eventually('it was asked three times', () => {
      commits.push(log.commit({ events: [progress(1)] }));
      return asked >= 3;
    });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(140); // 50 + 100 ms between
    expect(asked).toBe(3);
    fixture.flushTap.before = undefined;
    await Promise.all(commits);
    expect(dataOf(await fixture.rowsOf(log.taskId), 'task.progress')).toHaveLength(commits.length);
  });

  it('fails only the task whose value is refused, however many share the statement', async () => {
    const logs = await fixture.openLogs(9);
    const bad = logs[5];
    const answers = await Promise.allSettled(
      logs.map((log) => log.commit({ steps: [step('t1', log === bad ? 'a \u0000 Postgres refuses' : '"fine"')] })),
    );
    expect(answers.map(({ status }) => status)).toEqual(logs.map((log) => (log === bad ? 'rejected' : 'fulfilled')));
    expect(answers[5]).toMatchObject({ reason: { name: 'WriteRefusedError' } });
    expect(bad?.signal.reason).toMatchObject({ name: 'WriteRefusedError' });
    // It can still be settled, under the number that was never used.
    expect(await bad?.settle(completed, {})).toBe('settled');
  });
});

describe('the flusher', () => {
  it('writes the others while the head of one task is held, and that one when it is free', async () => {
    const [held, free] = await fixture.openLogs(2);
    if (!held || !free) throw new Error('no logs');
    const holder = await fixture.pool.connect();
    await holder.query('begin');
    await holder.query('select 1 from task_heads where task_id = $1 for update', [toUuid(held.taskId)]);
    const late = held.commit({ events: [progress(1)] });
    for (let n = 0; n < 5; n++) await free.commit({ events: [progress(n)] });
    expect(await stateOf(late)).toBe('pending');
    await holder.query('rollback');
    holder.release();
    await late;
    expect(dataOf(await fixture.rowsOf(held.taskId), 'task.progress')).toHaveLength(1);
  });

  it('rejects everything that waits and everything that comes when the epoch is over', async () => {
    const log = await fixture.openLog();
    await fixture.pool.query('update task_heads set epoch = epoch + 1 where task_id = $1', [toUuid(log.taskId)]);
    void log.emit(textDelta('lost'));
    const waiting = [log.commit({ events: [progress(1)] }), log.drain(), log.settle(completed, {})];
    for (const one of waiting) await expect(one).rejects.toMatchObject({ name: 'FencedError' });
    expect(log.signal.reason).toMatchObject({ name: 'FencedError' });
    await expect(log.commit({})).rejects.toMatchObject({ name: 'FencedError' });
    expect(() => log.emit(progress(2))).toThrow(/is over/);
    expect(await fixture.typesOf(log.taskId)).toEqual(['task.queued', 'task.started']);
  });

  it('never lets a dead epoch of a task write or be answered ok beside the live one of the same process', async () => {
    const dead = await fixture.openLog();
    await fixture.pool.query("update task_heads set status = 'queued' where task_id = $1", [toUuid(dead.taskId)]);
    const { epoch } = await fixture.claim(dead.taskId);
    const other = fixture.createFlusher();
    const live = other.open({ taskId: dead.taskId, epoch, onCancelRequested: () => undefined });
    const zombie = other.open({ taskId: dead.taskId, epoch: dead.epoch, onCancelRequested: () => undefined });
    expect(live.signal.aborted).toBe(true); // one log of a task per flusher: the newer call wins
    await expect(zombie.commit({ steps: [step('t9')] })).rejects.toMatchObject({ name: 'FencedError' });
    expect(await readSteps(fixture.pool, dead.taskId, 1)).toEqual([]);
  });

  it('serves more than 200 tasks in turn: nobody starves beside those who never stop', async () => {
    const logs = await fixture.openLogs(450);
    const talkers = logs.slice(0, 220);
    let isOver = false;
    const talking = talkers.map(async (log) => {
      while (!isOver) await log.commit({ events: [progress(1)] });
    });
    await Promise.all(logs.slice(220).map((log) => log.commit({ events: [progress(2)] })));
    isOver = true;
    await Promise.all(talking);
    const sizes: number[] = [];
    fixture.flushTap.before = (_, values) => void sizes.push((values[0] as string[]).length);
    await Promise.all(logs.map((log) => log.commit({ events: [progress(3)] })));
    expect(Math.max(...sizes)).toBe(200);
  }, 60_000);

  it('leaves no timer behind', async () => {
    const log = await fixture.openLog();
    const countTimers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    await log.commit({ events: [progress(1)] });
    const before = countTimers();
    for (let n = 0; n < 20; n++) {
      void log.emit(textDelta('x'));
      await log.drain();
    }
    fixture.flusher.close(log);
    await eventually('no timer of the flusher is left', () => countTimers() <= before);
  });

  it('fences all, now and later, when the lease is lost', async () => {
    const flusher = fixture.createFlusher();
    const [first] = await fixture.openLogs(1);
    if (!first) throw new Error('no log');
    const log = flusher.open({ taskId: first.taskId, epoch: first.epoch, onCancelRequested: () => undefined });
    const pending = log.commit({ events: [progress(1)] });
    flusher.fenceAll();
    await expect(pending).rejects.toMatchObject({ name: 'FencedError' });
    const next = flusher.open({ taskId: first.taskId, epoch: first.epoch + 1, onCancelRequested: () => undefined });
    await expect(next.commit({})).rejects.toMatchObject({ name: 'FencedError' });
    expect(await fixture.typesOf(first.taskId)).toEqual(['task.queued', 'task.started']);
  });
});
