import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createId, NO_USAGE, toUuid } from '../../../packages/domain/src/index.ts';
import type { TaskLog } from '../../../packages/eventlog/src/index.ts';
import type { Settlement, StepRow } from '../../../packages/store/src/index.ts';
import { readSteps } from '../../../packages/store/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventFixture, createGate, dataOf, type EventFixture, progress, textDelta } from './event-fixture.ts';

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
