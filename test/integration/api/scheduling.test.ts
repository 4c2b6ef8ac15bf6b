import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchSchema } from '../../../apps/api/src/schemas/batch.ts';
import { type Task, taskSchema } from '../../../apps/api/src/schemas/task.ts';
import { createExpirer, createOfferer, createWaker } from '../../../packages/dispatch/src/index.ts';
import { type TaskId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { expectProblem } from './expect-problem.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api.stop();
});

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

async function submit(rest: object, key = api.key): Promise<Task> {
  const response = await api.call('POST', '/tasks', { key, body: { agent: 'test', input: 1, ...rest } });
  expect(response.status).toBe(202);
  return taskSchema.parse(await response.json());
}

const show = async (id: string) => taskSchema.parse(await (await api.call('GET', `/tasks/${id}`)).json());

async function rowOf(taskId: string) {
  const { rows } = await api.context.pool.query<{ dispatch_no: number; offers: number; queued: boolean }>(
    'select dispatch_no, offers, next_dispatch_at is not null as queued from tasks where id = $1',
    [toUuid(taskId as TaskId)],
  );
  return rows[0];
}

describe('not_before', () => {
  it('makes a task wait for its time, says so in the answer and the first event, and queues it then', async () => {
    const moment = inAnHour();
    const task = await submit({ not_before: moment });
    expect(task).toMatchObject({ status: 'waiting', waiting_for: 'schedule', wake_at: moment });
    expect(await show(task.id)).toMatchObject({ status: 'waiting', waiting_for: 'schedule', wake_at: moment });
    const events = await (await api.call('GET', `/tasks/${task.id}/events`)).json();
    expect(events).toMatchObject({
      data: [{ type: 'task.queued', data: { agent: 'test', run: 1, not_before: moment } }],
    });
    expect(await rowOf(task.id)).toEqual({ dispatch_no: 0, offers: 0, queued: false });
    await api.context.pool.query('update tasks set wake_at = now() where id = $1', [toUuid(task.id)]);
    await createWaker({ pool: api.context.pool }).runOnce();
    expect(await show(task.id)).toMatchObject({ status: 'queued', waiting_for: null, wake_at: null });
  });

  it('that has passed means at once', async () => {
    const task = await submit({ not_before: new Date(Date.now() - 1_000).toISOString() });
    expect(task).toMatchObject({ status: 'queued', waiting_for: null, wake_at: null });
    const events = (await (await api.call('GET', `/tasks/${task.id}/events`)).json()) as { data: { data: object }[] };
    expect(events.data[0]?.data).not.toHaveProperty('not_before');
  });

  it('leaves a task that waits for it to cancels and deadlines', async () => {
    const cancelled = await submit({ not_before: inAnHour() });
    expect((await api.call('POST', `/tasks/${cancelled.id}/cancel`, { body: {} })).status).toBe(202);
    expect(await show(cancelled.id)).toMatchObject({ status: 'cancelled', wake_at: null });
    const late = await submit({ not_before: inAnHour(), deadline_at: new Date(Date.now() + 7_200_000).toISOString() });
    await api.context.pool.query('update tasks set deadline_at = now() where id = $1', [toUuid(late.id)]);
    await createExpirer({ pool: api.context.pool, publish: () => undefined }).runOnce();
    expect(await show(late.id)).toMatchObject({ status: 'expired' });
  });

  it('at or after the deadline, or no time at all, is refused, alone and in a batch', async () => {
    const moment = inAnHour();
    const call = (path: string, body: object) => api.call('POST', path, { body: { agent: 'test', ...body } });
    await expectProblem(await call('/tasks', { input: 1, not_before: moment, deadline_at: moment }), 400, {
      errors: [{ pointer: '/not_before', code: 'not_before_after_deadline' }],
    });
    await expectProblem(await call('/tasks', { input: 1, not_before: 'tomorrow' }), 400, {
      errors: [{ pointer: '/not_before' }],
    });
    const requests = [
      { custom_id: 'a', input: 1 },
      { custom_id: 'b', input: 1, deadline_at: moment },
    ];
    await expectProblem(await call('/batches', { requests, not_before: moment }), 400, {
      errors: [{ pointer: '/requests/1/not_before', code: 'not_before_after_deadline' }],
    });
  });

  it('of a batch is that of its requests unless they have their own', async () => {
    const soon = new Date(Date.now() - 1_000).toISOString();
    const requests = [
      { custom_id: 'a', input: 1 },
      { custom_id: 'b', input: 1, not_before: soon },
      { custom_id: 'c', input: 1 },
    ];
    const body = { agent: 'test', requests, not_before: inAnHour() };
    const response = await api.call('POST', '/batches', { body });
    const batch = batchSchema.parse(await response.json());
    expect(batch.request_counts).toMatchObject({ total: 3, queued: 1, waiting: 2 });
    const shown = await (await api.call('GET', `/batches/${batch.id}`)).json();
    expect(shown).toMatchObject({ request_counts: { total: 3, queued: 1, waiting: 2 } });
  });
});

describe('concurrency of a batch', () => {
  it('is stored, shown, and caps what is offered', async () => {
    const requests = Array.from({ length: 6 }, (_, i) => ({ custom_id: `${i}`, input: i }));
    const response = await api.call('POST', '/batches', { body: { agent: 'test', requests, concurrency: 2 } });
    const batch = batchSchema.parse(await response.json());
    expect(batch.concurrency).toBe(2);
    expect(await (await api.call('GET', `/batches/${batch.id}`)).json()).toMatchObject({ concurrency: 2 });
    await createOfferer({ pool: api.context.pool, random: Math.random }).offer(1_000);
    const { rows } = await api.context.pool.query('select 1 from tasks where batch_id = $1 and offers > 0', [
      toUuid(batch.id),
    ]);
    expect(rows).toHaveLength(2);
  });

  it('is a whole number from 1', async () => {
    const requests = [{ custom_id: 'a', input: 1 }];
    for (const concurrency of [0, 1.5, '3']) {
      const response = await api.call('POST', '/batches', { body: { agent: 'test', requests, concurrency } });
      await expectProblem(response, 400, { errors: [{ pointer: '/concurrency' }] });
    }
  });
});

describe('the first offer of a task', () => {
  const setQueue = async (tenantId: TenantId, column: 'max_running' | 'paused', value: unknown) =>
    api.context.pool.query(`insert into tenant_queues (tenant_id, ${column}) values ($1, $2)`, [
      toUuid(tenantId),
      value,
    ]);

  it('is made by the submit where nothing of the tenant is queued, whatever others have queued', async () => {
    const { key } = await api.createKey();
    const before = await api.context.queue.waitingCount();
    const first = await submit({}, key);
    expect(await rowOf(first.id)).toEqual({ dispatch_no: 1, offers: 1, queued: true });
    await eventually('a job', async () => (await api.context.queue.waitingCount()) > before);
    const second = await submit({}, key);
    expect(await rowOf(second.id)).toEqual({ dispatch_no: 0, offers: 0, queued: true });
  });

  it('is left to the dispatcher where a cap or a pause holds the tenant', async () => {
    for (const [column, value] of [
      ['max_running', 5],
      ['paused', true],
    ] as const) {
      const { key, tenantId } = await api.createKey();
      await setQueue(tenantId, column, value);
      expect(await rowOf((await submit({}, key)).id)).toEqual({ dispatch_no: 0, offers: 0, queued: true });
    }
  });
});
