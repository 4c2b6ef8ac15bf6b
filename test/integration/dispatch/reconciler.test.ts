import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createReconciler } from '../../../packages/dispatch/src/index.ts';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { cancelTasks, type EventRow, releaseTasks, wakeDueTasks } from '../../../packages/store/src/index.ts';
import { createMetrics, createSilentLogger, type Metrics } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createEventFixture, type EventFixture, progress } from '../eventlog/event-fixture.ts';

let fixture: EventFixture;
let metrics: Metrics;
let published: EventRow[] = [];
beforeAll(async () => {
  fixture = await createEventFixture();
});
afterEach(async () => {
  published = [];
  await fixture.pool.query('truncate tasks, task_heads, task_events, task_steps cascade');
});
afterAll(() => fixture.close());

function reconciler() {
  metrics = createMetrics();
  return createReconciler({
    pool: fixture.pool,
    publish: (rows) => published.push(...rows),
    log: createSilentLogger(),
    metrics,
  });
}

async function countOf(counter: 'tasksReconciled' | 'flawedTasks'): Promise<Record<string, number>> {
  const { values } = await metrics[counter].get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.flaw), value]));
}

async function damage(taskId: TaskId, changes: { head?: string; task?: string }): Promise<void> {
  if (changes.head)
    await fixture.pool.query(`update task_heads set ${changes.head} where task_id = $1`, [toUuid(taskId)]);
  if (changes.task) await fixture.pool.query(`update tasks set ${changes.task} where id = $1`, [toUuid(taskId)]);
}

async function newTask(): Promise<TaskId> {
  return (await insertQueuedTask(fixture.pool)).taskId;
}

async function finishTask(): Promise<TaskId> {
  const log = await fixture.openLog();
  await log.settle(
    {
      to: 'completed',
      result: '{"ok":"\\u0000"}',
      stopReason: 'end_turn',
      usage: { turns: 1 } as never,
      attempts: 0,
      history: [],
    },
    { events: [{ type: 'task.completed', data: {} }] },
  );
  return log.taskId;
}

async function stateOf(taskId: TaskId) {
  const { rows } = await fixture.pool.query(
    `select h.status, t.incarnation is not null as owned, t.next_dispatch_at is not null as due,
       t.wake_at is not null as wakes, t.waiting_for, t.finished_at is not null as over
     from tasks t join task_heads h on h.task_id = t.id where t.id = $1`,
    [toUuid(taskId)],
  );
  return rows[0];
}

const QUEUED = { status: 'queued', owned: false, due: true, wakes: false, waiting_for: null, over: false };

describe('the reconciler', () => {
  it('queues what is queued and never offered, and what is running and owned by nobody', async () => {
    const [unoffered, unowned] = [await newTask(), (await fixture.openLog()).taskId];
    await damage(unoffered, { task: 'next_dispatch_at = null' });
    await damage(unowned, { task: 'incarnation = null' });
    await reconciler().runOnce();
    expect(await stateOf(unoffered)).toEqual(QUEUED);
    expect(await stateOf(unowned)).toEqual(QUEUED);
    expect(await countOf('tasksReconciled')).toEqual({ not_dispatched: 1, not_owned: 1 });
    expect((await fixture.claim(unowned)).epoch).toBe(2); // whoever still writes is fenced
  });

  it('wakes what waits for a time that was never set, and leaves what waits for a person', async () => {
    const [retry, nothing, person] = [await newTask(), await newTask(), await newTask()];
    for (const taskId of [retry, nothing, person])
      await damage(taskId, { head: "status = 'waiting'", task: 'next_dispatch_at = null' });
    await damage(retry, { task: "waiting_for = 'retry'" });
    await damage(person, { task: "waiting_for = 'input'" });
    await reconciler().runOnce();
    expect(await countOf('tasksReconciled')).toEqual({ never_woken: 2 });
    expect(await wakeDueTasks(fixture.pool, 10)).toBe(2);
    expect(await stateOf(retry)).toEqual(QUEUED);
    expect(await stateOf(nothing)).toEqual(QUEUED);
    expect(await stateOf(person)).toMatchObject({ status: 'waiting', waiting_for: 'input', wakes: false });
  });

  it('makes rows agree with their heads: ended or not, and no columns of another status', async () => {
    const [ended, alive, stale] = [await finishTask(), await newTask(), await newTask()];
    await damage(ended, { task: 'finished_at = null, next_dispatch_at = now()' });
    await damage(alive, { task: 'finished_at = now()' });
    await damage(stale, { task: `incarnation = '${toUuid(fixture.incarnation)}', wake_at = now()` });
    const one = reconciler();
    await one.runOnce();
    await one.runOnce();
    expect(await stateOf(ended)).toMatchObject({ status: 'completed', due: false, over: true });
    expect(await stateOf(alive)).toEqual(QUEUED);
    expect(await stateOf(stale)).toEqual(QUEUED);
    expect(await countOf('tasksReconciled')).toEqual({ not_ended: 1, ended_alive: 1, stale_columns: 1 });
  });

  it('logs the final event that is missing, from the row, and its readers end', async () => {
    const taskId = await finishTask();
    await fixture.pool.query('delete from task_events where task_id = $1 and last_seq > 2', [toUuid(taskId)]);
    await damage(taskId, { head: 'next_seq = 3' });
    await fixture.publisher.idle();
    await fixture.redis.commands.del(fixture.redis.keys.stream(taskId));
    const one = reconciler();
    await one.runOnce();
    await one.runOnce();
    expect(await countOf('tasksReconciled')).toEqual({ no_final_event: 1 });
    expect(published).toHaveLength(1);
    const seen: unknown[] = [];
    const signal = AbortSignal.timeout(5_000);
    for await (const slice of fixture.hub.follow(taskId, { after: 2, visibility: 'user', signal }))
      seen.push(...slice.toJson());
    expect(signal.aborted).toBe(false);
    expect(seen).toMatchObject([
      {
        sequence_number: 3,
        type: 'task.completed',
        epoch: 1,
        data: { result: { ok: '\0' }, stop_reason: 'end_turn', usage: { turns: 1 } },
      },
    ]);
  });

  it('goes on behind more tasks than a page that ended at one moment', async () => {
    await fixture.pool.query(
      `with task as (
         insert into tasks (id, tenant_id, agent, input, finished_at)
         select gen_random_uuid(), $1, 'test', '{}', '2026-01-02T03:04:05.678901Z' from generate_series(1, 1001)
         returning id, tenant_id
       ), head as (
         insert into task_heads (task_id, tenant_id, next_seq, status) select id, tenant_id, 2, 'expired' from task
       )
       insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
       select id, 1, 1, 0, array['task.expired'], 'u', '{}' from task`,
      [toUuid(createId('tenant'))],
    );
    const later = await finishTask();
    await damage(later, { task: 'next_dispatch_at = now()' });
    const one = reconciler();
    for (let pass = 0; pass < 4; pass++) await one.runOnce();
    expect(await countOf('tasksReconciled')).toEqual({ stale_columns: 1 });
    expect(await stateOf(later)).toMatchObject({ status: 'completed', due: false });
  });

  it('reports once what it cannot mend', async () => {
    const [headless, cut] = [await newTask(), await finishTask()];
    await fixture.pool.query('delete from task_heads where task_id = $1', [toUuid(headless)]);
    await fixture.pool.query('delete from task_events where task_id = $1 and last_seq > 2', [toUuid(cut)]);
    const one = reconciler();
    for (let pass = 0; pass < 3; pass++) await one.runOnce();
    expect(await countOf('flawedTasks')).toEqual({ no_head: 1, log_incomplete: 1 });
    expect(await countOf('tasksReconciled')).toEqual({});
  });

  it('finds nothing while tasks are claimed, handed back, parked, cancelled and ended around it', async () => {
    const one = reconciler();
    let isOn = true;
    const sweeping = (async () => {
      while (isOn) await one.runOnce();
    })();
    const tenantId = createId('tenant');
    const play = async (n: number) => {
      const { taskId } = await insertQueuedTask(fixture.pool, { tenantId });
      for (let round = 0; round < 4; round++) {
        const { epoch } = await fixture.claim(taskId);
        const log = fixture.flusher.open({ taskId, epoch, onCancelRequested: () => undefined });
        await log.commit({ events: [progress(round)] });
        if (round === 3 && n % 2) {
          await log.settle(
            { to: 'completed', usage: {} as never, attempts: 0, history: [] },
            { events: [{ type: 'task.completed', data: {} }] },
          );
        } else if (round === 2) {
          await log.settle(
            { to: 'waiting', waitingFor: 'retry', wakeInMs: 0, usage: {} as never, attempts: 1, history: [] },
            { events: [{ type: 'task.waiting', data: {} }] },
          );
          while ((await stateOf(taskId))?.status === 'waiting') await wakeDueTasks(fixture.pool, 50);
        } else {
          await releaseTasks(fixture.pool, [{ taskId, epoch }]);
        }
        fixture.flusher.close(log);
      }
      if (n % 2 === 0) {
        const request = { tenantId, taskIds: [taskId], force: true, reason: 'test', actor: 'test' };
        await cancelTasks(fixture.pool, request);
      }
      return taskId;
    };
    const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => play(n)));
    isOn = false;
    await sweeping;
    for (const [n, id] of ids.entries()) {
      expect(await stateOf(id)).toMatchObject({ status: n % 2 ? 'completed' : 'cancelled', over: true });
    }
    expect(await countOf('tasksReconciled')).toEqual({});
    expect(await countOf('flawedTasks')).toEqual({});
  });
});
