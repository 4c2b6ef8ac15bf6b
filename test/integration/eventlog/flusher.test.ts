import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createId, NO_USAGE, toUuid } from '../../../packages/domain/src/index.ts';
import type { Settlement, StepRow } from '../../../packages/store/src/index.ts';
import { readSteps } from '../../../packages/store/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import {
  createEventFixture,
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

describe('an event that is not committed', () => {
  it('is seen by nobody: not while the flush is under way, and never when the process dies with it', async () => {
    const log = await fixture.openLog();
    const stop = new AbortController();
    const seen: string[] = [];
    const reader = (async () => {
      const follow = fixture.hub.follow(log.taskId, { after: 0, visibility: 'developer', signal: stop.signal });
      for await (const slice of follow) seen.push(slice.toSse());
    })();
    await eventually('the reader is live', () => seen.length > 0);
    let asked = 0;
    fixture.flushTap.before = () => {
      asked += 1;
      throw createLostConnection();
    };
    log.commit({ events: [textDelta('never committed')] }).catch(() => undefined);
    await eventually('it was tried three times', () => asked >= 3);
    fixture.flusher.close(log); // as if the process had died
    fixture.flusher = fixture.createFlusher();
    fixture.flushTap.before = undefined;
    await fixture.pool.query("update task_heads set status = 'queued' where task_id = $1", [toUuid(log.taskId)]);
    const { events } = await fixture.claim(log.taskId);
    fixture.publisher.publish([events]);
    await eventually('the next epoch is seen', () => seen.join('').includes('task.resumed'));
    stop.abort();
    await reader;
    expect(seen.join('')).not.toContain('never committed');
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

  it('serves more than 200 tasks in turn: nobody starves beside those who have much to say', async () => {
    const logs = await fixture.openLogs(450);
    let flushes = 0;
    fixture.flushTap.before = () => {
      flushes += 1;
    };
    for (const talker of logs.slice(0, 220)) for (let n = 0; n < 600; n++) void talker.emit(progress(n)); // six flushes
    await Promise.all(logs.slice(220).map((log) => log.commit({ events: [progress(2)] })));
    expect(flushes).toBeLessThanOrEqual(4); // 450 tasks, 200 at a time
    await Promise.all(logs.map((log) => log.drain()));
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
