import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createDispatcher, createExpirer, createOfferer, createWaker } from '../../../packages/dispatch/src/index.ts';
import { type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { createTaskQueue, type TaskQueue } from '../../../packages/queue/src/index.ts';
import type { EventRow } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';

const log = createSilentLogger();
const dispatcher = (queue: TaskQueue) =>
  createDispatcher({ pool: fixture.pool, queue, offerer: createOfferer({ pool: fixture.pool, random: Math.random }) });
let fixture: DispatchFixture;
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.close());

describe('the dispatcher', () => {
  let queue: TaskQueue;
  let admin: Redis;
  let prefix: string;
  beforeEach(() => {
    prefix = `t-${randomUUID().slice(0, 8)}`;
    admin = new Redis(inject('redisUrl'));
    queue = createTaskQueue({ redisUrl: inject('redisUrl'), prefix, log });
  });
  afterEach(async () => {
    await queue.close();
    admin.disconnect();
  });
  const connected = () =>
    eventually('the queue is connected', () =>
      queue.waitingCount().then(
        () => true,
        () => false,
      ),
    );
  const runPast = async (runOnce: () => Promise<boolean>) => {
    await runOnce();
    return queue.waitingCount();
  };

  it('keeps about two jobs ready for a slot of the fleet, and no more', async () => {
    await fixture.startFakeWorker(60_000, 3);
    await fixture.startFakeWorker(60_000, 2);
    await fixture.startFakeWorker(-1, 50); // its lease is over: its slots do not count
    for (let n = 0; n < 30; n++) await insertQueuedTask(fixture.pool);
    await connected();
    const { runOnce } = dispatcher(queue);
    expect(await runPast(runOnce)).toBe(10);
    expect(await runPast(runOnce)).toBe(10);
    const { rows } = await fixture.pool.query('select 1 from tasks where dispatch_no = 1');
    expect(rows).toHaveLength(10);
  });

  it('does not count jobs that submits added themselves: they take no room from those that wait', async () => {
    await fixture.startFakeWorker(60_000, 3);
    const singles: TaskId[] = [];
    for (let n = 0; n < 20; n++) singles.push((await insertQueuedTask(fixture.pool)).taskId);
    await fixture.pool.query(
      "update tasks set dispatch_no = 1, offers = 1, offered_at_submit = true, next_dispatch_at = now() + interval '30 s'",
    );
    for (let n = 0; n < 10; n++) await insertQueuedTask(fixture.pool);
    await connected();
    await queue.enqueue(singles.map((taskId) => ({ taskId, dispatchNo: 1 })));
    const { runOnce } = dispatcher(queue);
    expect(await runPast(runOnce)).toBe(26);
    expect(await runPast(runOnce)).toBe(26);
  });

  it('offers nothing without a worker', async () => {
    await insertQueuedTask(fixture.pool);
    await connected();
    expect(await runPast(dispatcher(queue).runOnce)).toBe(0);
  });

  it('offers a task again after 30 seconds twice, 2 minutes and 10 minutes, under another job id each time', async () => {
    await fixture.startFakeWorker(60_000, 100);
    const { taskId } = await insertQueuedTask(fixture.pool);
    await connected();
    const { runOnce } = dispatcher(queue);
    const delays: number[] = [];
    for (let n = 0; n < 4; n++) {
      await runOnce();
      const { rows } = await fixture.pool.query<{ seconds: number }>(
        'select extract(epoch from next_dispatch_at - now())::float8 as seconds from tasks',
      );
      delays.push(Math.round((rows[0]?.seconds ?? 0) / 10) * 10);
      await fixture.pool.query('update tasks set next_dispatch_at = now()');
    }
    expect(delays).toEqual([30, 30, 120, 600]);
    const ids = await admin.lrange(`${prefix}:tasks:wait`, 0, -1);
    expect(ids.sort()).toEqual([1, 2, 3, 4].map((no) => `${taskId}.${no}`));
  });

  it('puts what had its turn before the jobs that wait', async () => {
    await fixture.startFakeWorker(60_000, 100);
    const waiting = await insertQueuedTask(fixture.pool);
    await connected();
    const { runOnce } = dispatcher(queue);
    await runOnce();
    const rescued = await insertQueuedTask(fixture.pool);
    await fixture.pool.query('update tasks set offers = 1 where id = $1', [toUuid(rescued.taskId)]);
    await runOnce();
    const ids = await admin.lrange(`${prefix}:tasks:wait`, 0, -1);
    expect(ids.at(-1)).toBe(`${rescued.taskId}.1`); // the end from which workers take
    expect(ids[0]).toBe(`${waiting.taskId}.1`);
  });

  it('offers nothing while Redis is away', async () => {
    const away = createTaskQueue({ redisUrl: 'redis://127.0.0.1:1', prefix, log });
    await fixture.startFakeWorker();
    await insertQueuedTask(fixture.pool);
    expect(await dispatcher(away).runOnce()).toBe(false);
    expect((await fixture.pool.query('select 1 from tasks where dispatch_no > 0')).rows).toEqual([]);
    await away.close();
  });
});

describe('the waker and the expirer', () => {
  it('wakes what is due and nothing else', async () => {
    const { taskId: due } = await insertQueuedTask(fixture.pool);
    const { taskId: later } = await insertQueuedTask(fixture.pool);
    await fixture.pool.query("update task_heads set status = 'waiting'");
    await fixture.pool.query(
      `update tasks set next_dispatch_at = null, waiting_for = 'retry',
       wake_at = case when id = $1 then now() else now() + interval '1 hour' end`,
      [toUuid(due)],
    );
    await createWaker({ pool: fixture.pool }).runOnce();
    expect(await fixture.stateOf(due)).toMatchObject({ status: 'queued' });
    expect(await fixture.stateOf(later)).toMatchObject({ status: 'waiting' });
  });

  it('ends queued tasks whose deadline has passed and publishes their last event', async () => {
    const { taskId } = await insertQueuedTask(fixture.pool);
    await insertQueuedTask(fixture.pool);
    await fixture.pool.query('update tasks set deadline_at = now() where id = $1', [toUuid(taskId)]);
    const published: EventRow[] = [];
    await createExpirer({ pool: fixture.pool, publish: (rows) => published.push(...rows) }).runOnce();
    expect(published).toMatchObject([{ taskId, types: ['task.expired'] }]);
    expect(await fixture.stateOf(taskId)).toMatchObject({ status: 'expired' });
  });
});
