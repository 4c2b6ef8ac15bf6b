import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRetentionCleaner } from '../../../packages/dispatch/src/index.ts';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { deletePurgedRows } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { createEventFixture, type EventFixture, progress } from './event-fixture.ts';

const DAY_MS = 24 * 60 * 60_000;
let fixture: EventFixture;
beforeAll(async () => {
  fixture = await createEventFixture();
});
afterAll(() => fixture.close());

function cleaner(retentionMs = 30 * DAY_MS) {
  return createRetentionCleaner({
    pool: fixture.pool,
    log: createSilentLogger(),
    metrics: fixture.metrics,
    retentionMs,
  });
}

/** A task with events 1 to 12, of which the last is final, that ended so many days ago. */
async function finishTask(daysAgo: number): Promise<TaskId> {
  const log = await fixture.openLog();
  for (let n = 3; n < 12; n++) await log.commit({ events: [progress(n)] });
  const step = { id: createId('step'), run: 1, stepKey: 't1', turn: 1, position: 0, kind: 'turn' as const, name: 'm' };
  await log.settle(
    { to: 'completed', result: '{"ok":true}', usage: { turns: 1 } as never, attempts: 0, history: [] },
    {
      events: [{ type: 'task.completed', data: {} }],
      steps: [{ ...step, status: 'done', content: '{}', attempts: 1, startedAt: new Date() }],
    },
  );
  await fixture.publisher.idle();
  await fixture.redis.commands.del(fixture.redis.keys.stream(log.taskId)); // Redis has forgotten it by then
  await fixture.pool.query('update tasks set finished_at = now() - make_interval(days => $2) where id = $1', [
    toUuid(log.taskId),
    daysAgo,
  ]);
  return log.taskId;
}

async function countRows(taskId: TaskId) {
  const { rows } = await fixture.pool.query<{ events: number; steps: number; purging: boolean }>(
    `select (select count(*) from task_events where task_id = t.id)::int as events,
       (select count(*) from task_steps where task_id = t.id)::int as steps, purging
     from tasks t where id = $1`,
    [toUuid(taskId)],
  );
  return rows[0];
}

async function follow(taskId: TaskId, after: number) {
  const signal = AbortSignal.timeout(10_000);
  const seen: string[] = [];
  for await (const slice of fixture.hub.follow(taskId, { after, visibility: 'user', signal })) {
    if (slice.gap) seen.push(`gap ${slice.gap.from}-${slice.gap.to}`);
    seen.push(...slice.toJson().map((event) => `${event.sequence_number} ${event.type}`));
  }
  expect(signal.aborted).toBe(false);
  return seen;
}

describe('the retention cleaner', () => {
  it('removes logs and journals of tasks that ended long ago, and of no other', async () => {
    const [old, recent] = [await finishTask(31), await finishTask(29)];
    const running = await fixture.openLog();
    for (const taskId of [old, recent]) {
      await fixture.pool.query(
        "insert into task_signals (task_id, n, kind, payload, actor) values ($1, 1, 'input', '1', 'test')",
        [toUuid(taskId)],
      );
    }
    const one = cleaner();
    for (let pass = 0; pass < 3; pass++) await one.runOnce();
    expect(await countRows(old)).toEqual({ events: 0, steps: 0, purging: false });
    expect(await countRows(recent)).toEqual({ events: 12, steps: 1, purging: false });
    expect(await countRows(running.taskId)).toMatchObject({ events: 2 });
    const signals = await fixture.pool.query('select task_id from task_signals');
    expect(signals.rows).toEqual([{ task_id: toUuid(recent) }]);
    const { rows } = await fixture.pool.query(
      'select result, finished_at is not null as over from tasks where id = $1',
      [toUuid(old)],
    );
    expect(rows).toEqual([{ result: '{"ok":true}', over: true }]);
  });

  it('never takes anything of a task that runs again, nor what its new run has written', async () => {
    const replayed = await finishTask(31);
    await fixture.pool.query("update task_heads set status = 'queued' where task_id = $1", [toUuid(replayed)]);
    await cleaner().runOnce(); // the replay was first: its head says so although the task's row does not yet
    expect(await countRows(replayed)).toMatchObject({ events: 12, steps: 1, purging: false });

    const later = await finishTask(31);
    const one = cleaner();
    await fixture.pool.query(
      'update tasks t set purging = true, purged_seq = h.next_seq - 1, purged_run = run from task_heads h where h.task_id = t.id and t.id = $1',
      [toUuid(later)],
    );
    await fixture.pool.query('update tasks set run = 2, finished_at = null, next_dispatch_at = now() where id = $1', [
      toUuid(later),
    ]);
    await fixture.pool.query("update task_heads set status = 'queued' where task_id = $1", [toUuid(later)]);
    await fixture.claim(later);
    for (let pass = 0; pass < 3; pass++) await one.runOnce();
    expect((await fixture.typesOf(later))[0]).toBe('task.resumed');
    expect(await countRows(later)).toEqual({ events: 1, steps: 0, purging: false });
    const page = await fixture.hub.page(later, { after: 0, limit: 10, visibility: 'user' });
    expect(page.gap).toEqual({ from: 1, to: 12 });
    expect(page.events.map((event) => event.sequence_number)).toEqual([13]);
  });

  it('waits for no task that is being written to', async () => {
    const [first, second] = [await finishTask(31), await finishTask(31)];
    const ids = [toUuid(first), toUuid(second)];
    await fixture.pool.query('update tasks set purging = true, purged_seq = 12 where id = any($1::uuid[])', [ids]);
    const writer = await fixture.pool.connect();
    try {
      await writer.query('begin');
      await writer.query('update tasks set waiting_for = null where id = $1', [ids[0]]);
      await deletePurgedRows(fixture.pool, 100); // removes the rows
      await deletePurgedRows(fixture.pool, 100); // finds none
      expect(await countRows(second)).toMatchObject({ events: 0, purging: false });
      expect(await countRows(first)).toMatchObject({ events: 0, purging: true });
      await writer.query('commit');
    } finally {
      writer.release();
    }
    await deletePurgedRows(fixture.pool, 100);
    expect(await countRows(first)).toMatchObject({ purging: false });
  });

  it('forgets idempotency keys after two days, and workers and deleted files beyond the retention', async () => {
    await fixture.pool.query(`
      insert into idempotency_keys (tenant_id, route, key, fingerprint, response_status, response, created_at)
      select gen_random_uuid(), 'r', 'k' || hours, 'f', 202, '{}', now() - make_interval(hours => hours)
      from unnest(array[1, 25, 47, 49]) as hours`);
    await fixture.pool.query(`
      insert into workers (incarnation, name, host, pid, version, capacity, lock_key, status, lease_until, ended_at)
      select gen_random_uuid(), 'days' || days, 'h', 1, '0', 1, 100 + days, 'dead', now(), now() - make_interval(days => days)
      from unnest(array[1, 31]) as days`);
    await fixture.pool.query(`
      insert into files (id, tenant_id, name, media_type, s3_key, status, discards, created_at)
      select gen_random_uuid(), gen_random_uuid(), 'd' || discards, 't', 'k' || discards, 'deleted', discards, now() - interval '31 days'
      from unnest(array[1, 2]) as discards`);
    await cleaner().runOnce();
    const names = async (sql: string) => (await fixture.pool.query<{ name: string }>(sql)).rows.map(({ name }) => name);
    expect(await names('select key as name from idempotency_keys order by key')).toEqual(['k1', 'k25', 'k47']);
    expect(await names("select name from workers where status = 'dead'")).toEqual(['days1']);
    expect(await names('select name from files')).toEqual(['d1']);
  });
});

describe('a reader of a log that retention has shortened', () => {
  it('is told what is missing from every cursor, and then that the task is over', async () => {
    const taskId = await finishTask(31);
    const one = cleaner();
    for (let pass = 0; pass < 3; pass++) await one.runOnce();
    expect(await follow(taskId, 0)).toEqual(['gap 1-12']);
    expect(await follow(taskId, 7)).toEqual(['gap 8-12']);
    expect(await fixture.hub.page(taskId, { after: 3, limit: 10, visibility: 'user' })).toEqual({
      events: [],
      lastSeq: 12,
      gap: { from: 4, to: 12 },
    });
  });

  it('is told although rows that are going are still there, and gets what comes after them', async () => {
    const taskId = await finishTask(1);
    await fixture.pool.query('delete from task_events where task_id = $1 and last_seq < 5', [toUuid(taskId)]);
    await fixture.pool.query('update tasks set purged_seq = 8, purging = true where id = $1', [toUuid(taskId)]);
    expect(await follow(taskId, 0)).toEqual([
      'gap 1-8',
      ...[9, 10, 11].map((seq) => `${seq} task.progress`),
      '12 task.completed',
    ]);
  });

  it('is told of a hole that nothing explains', async () => {
    const taskId = await finishTask(1);
    await fixture.pool.query('delete from task_events where task_id = $1 and last_seq in (4, 5)', [toUuid(taskId)]);
    const seen = await follow(taskId, 2);
    expect(seen.slice(0, 3)).toEqual(['3 task.progress', 'gap 4-5', '6 task.progress']);
    expect(seen.at(-1)).toBe('12 task.completed');
  });

  it('that waits while its log is taken away is told, and ends', async () => {
    const taskId = await finishTask(31);
    await fixture.pool.query("update task_heads set status = 'running' where task_id = $1", [toUuid(taskId)]);
    const stop = AbortSignal.timeout(15_000);
    const seen: string[] = [];
    let isPurged = false;
    for await (const slice of fixture.hub.follow(taskId, { after: 10, visibility: 'user', signal: stop })) {
      if (slice.gap) seen.push(`gap ${slice.gap.from}-${slice.gap.to}`);
      seen.push(...slice.toJson().map((event) => `${event.sequence_number}`));
      if (isPurged) continue;
      isPurged = true;
      await fixture.pool.query('update tasks set purged_seq = 20, purged_run = 1 where id = $1', [toUuid(taskId)]);
      await fixture.pool.query('delete from task_events where task_id = $1', [toUuid(taskId)]);
      await fixture.pool.query("update task_heads set status = 'completed', next_seq = 21 where task_id = $1", [
        toUuid(taskId),
      ]);
    }
    expect(stop.aborted).toBe(false);
    expect(seen).toEqual(['11', '12', 'gap 13-20']);
  });
});
