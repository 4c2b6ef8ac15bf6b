import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchSchema } from '../../../apps/api/src/schemas/batch.ts';
import { batchItemSchema } from '../../../apps/api/src/schemas/batch-item.ts';
import { batchResultSchema } from '../../../apps/api/src/schemas/batch-result.ts';
import { createOfferer } from '../../../packages/dispatch/src/index.ts';
import { createId, type TaskId } from '../../../packages/domain/src/index.ts';
import { playTask } from './play-task.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

const request = (i: number, rest: object = {}) => ({ custom_id: `doc-${i}`, input: { page: i }, ...rest });

async function createBatch(count: number, rest: object = {}): Promise<string> {
  const requests = Array.from({ length: count }, (_, i) => request(i));
  const response = await api.call('POST', '/v1/batches', { body: { agent: 'test', requests, ...rest } });
  expect(response.status).toBe(202);
  return batchSchema.parse(await response.json()).id;
}

async function itemsOf(batchId: string, query = '') {
  const response = await api.call('GET', `/batches/${batchId}/items${query}`);
  const page = (await response.json()) as { data: { task_id: TaskId; index: number }[]; next_after: number | null };
  for (const item of page.data) batchItemSchema.parse(item);
  return page;
}

async function countTasks(): Promise<number> {
  const { rows } = await api.context.pool.query<{ n: number }>('select count(*)::integer as n from tasks');
  return rows[0]?.n ?? -1;
}

describe('POST /batches', () => {
  it('creates a queued task for every request and leaves feeding them to the dispatcher', async () => {
    const batchId = await createBatch(3, { name: 'contracts', metadata: { folder: 'x' } });
    const batch = await (await api.call('GET', `/batches/${batchId}`)).json();
    expect(batch).toMatchObject({
      name: 'contracts',
      status: 'in_progress',
      request_counts: { total: 3, queued: 3, completed: 0 },
      started_at: null,
    });
    const { data } = await itemsOf(batchId);
    const offered = await createOfferer({ pool: api.context.pool, random: () => 0 }).offer(1_000);
    expect(offered.map(({ taskId }) => taskId)).toEqual(expect.arrayContaining(data.map((item) => item.task_id)));
    const events = await (await api.call('GET', `/tasks/${data[0]?.task_id}/events`)).json();
    expect(events).toMatchObject({ data: [{ type: 'task.queued', sequence_number: 1 }] });
    const task = await (await api.call('GET', `/tasks/${data[1]?.task_id}?include=input`)).json();
    expect(task).toMatchObject({ batch_id: batchId, custom_id: 'doc-1', input: { page: 1 } });
  });

  it('takes ten thousand requests at once, in order', async () => {
    const startedAt = performance.now();
    const batchId = await createBatch(10_000);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    const { rows } = await api.context.pool.query('select count(*)::integer as n from task_events where types = $1', [
      ['task.queued'],
    ]);
    expect((rows[0] as { n: number }).n).toBeGreaterThanOrEqual(10_000);
    const page = await itemsOf(batchId, '?limit=1000&after=8999');
    expect(page.data.map((item) => item.index)).toEqual(Array.from({ length: 1_000 }, (_, i) => 9_000 + i));
    expect(page.next_after).toBeNull();
  });

  it('creates nothing when one request is wrong, and says which and why', async () => {
    const before = await countTasks();
    const requests = [request(0), request(0), { custom_id: 'x', input: 1, agent: 'nobody' }];
    const duplicate = await api.call('POST', '/batches', { body: { agent: 'test', requests } });
    expect(duplicate.status).toBe(400);
    expect(await duplicate.json()).toMatchObject({ errors: [{ pointer: '/requests/1/custom_id', code: 'duplicate' }] });
    const unknown = await api.call('POST', '/batches', { body: { agent: 'test', requests: requests.slice(1) } });
    expect(await unknown.json()).toMatchObject({ errors: [{ pointer: '/requests/1/agent', code: 'unknown_agent' }] });
    const bad = { agent: 'test', requests: [request(0), { custom_id: 7, input: 1, extra: true }, { custom_id: 'y' }] };
    const shape = await api.call('POST', '/batches', { body: bad });
    const { errors } = (await shape.json()) as { errors: { pointer: string }[] };
    expect(errors.map((error) => error.pointer).sort()).toEqual([
      '/requests/1/custom_id',
      '/requests/1/extra',
      '/requests/2/input',
    ]);
    const many = Array.from({ length: 10_001 }, (_, i) => request(i));
    expect((await api.call('POST', '/batches', { body: { agent: 'test', requests: many } })).status).toBe(400);
    expect((await api.call('POST', '/batches', { body: { agent: 'test', requests: [] } })).status).toBe(400);
    expect(await countTasks()).toBe(before);
  });

  it('leaves nothing of a batch whose last part is refused, and keeps its key free', async () => {
    const before = await countTasks();
    await api.context.pool.query(`
      create function refuse_one() returns trigger language plpgsql as $$
      begin
        if new.custom_id = 'doc-1199' then raise exception 'refused by the test'; end if;
        return new;
      end $$`);
    await api.context.pool.query(
      'create trigger refuse_one before insert on tasks for each row execute function refuse_one()',
    );
    const body = { agent: 'test', requests: Array.from({ length: 1_200 }, (_, i) => request(i)) };
    const headers = { 'idempotency-key': 'refused' };
    try {
      expect((await api.call('POST', '/batches', { body, headers })).status).toBe(500);
      expect(await countTasks()).toBe(before);
    } finally {
      await api.context.pool.query('drop trigger refuse_one on tasks');
    }
    expect((await api.call('POST', '/batches', { body, headers })).status).toBe(202);
    expect(await countTasks()).toBe(before + 1_200);
  });

  it('is repeatable with an Idempotency-Key', async () => {
    const before = await countTasks();
    const body = { agent: 'test', requests: [request(0), request(1)] };
    const headers = { 'idempotency-key': 'batch-1' };
    const answers = await Promise.all([1, 2, 3].map(() => api.call('POST', '/batches', { body, headers })));
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(new Set(bodies).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.headers.get('location'))).size).toBe(1);
    expect(await countTasks()).toBe(before + 2);
  });
});

describe('a batch', () => {
  it('shows live counts, items and results while it runs', async () => {
    const batchId = await createBatch(4);
    const { data } = await itemsOf(batchId);
    const [first, second, third] = data;
    if (!first || !second || !third) throw new Error('items are missing');
    await (await playTask(api.context.pool, third.task_id)).complete({ title: 'third' });
    await playTask(api.context.pool, second.task_id);
    await api.call('POST', `/tasks/${first.task_id}/cancel`);
    const batch = await (await api.call('GET', `/batches/${batchId}`)).json();
    expect(batch).toMatchObject({
      status: 'in_progress',
      request_counts: { total: 4, queued: 1, running: 1, completed: 1, cancelled: 1 },
      finished_at: null,
    });
    const response = await api.call('GET', `/batches/${batchId}/results`);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => batchResultSchema.parse(JSON.parse(line)));
    expect(lines).toMatchObject([
      { index: 0, status: 'cancelled', result: null },
      { index: 2, custom_id: 'doc-2', status: 'completed', result: { title: 'third' } },
    ]);
    const completed = await (await api.call('GET', `/batches/${batchId}/results?status=completed`)).text();
    expect(completed.trimEnd().split('\n')).toHaveLength(1);
    expect((await itemsOf(batchId, '?status=running')).data.map((item) => item.index)).toEqual([1]);
  });

  it('is cancelled as a whole, and ends', async () => {
    const batchId = await createBatch(1_200);
    const { data } = await itemsOf(batchId, '?limit=1');
    const running = data[0]?.task_id as TaskId;
    await playTask(api.context.pool, running);
    const first = await api.call('POST', `/batches/${batchId}/cancel`, { body: { reason: 'stop' } });
    expect(first.status).toBe(202);
    expect(await first.json()).toMatchObject({
      status: 'cancelling',
      request_counts: { cancelled: 1_199, running: 1 },
    });
    const forced = await api.call('POST', `/batches/${batchId}/cancel`, { body: { force: true } });
    expect(await forced.json()).toMatchObject({ status: 'ended', request_counts: { cancelled: 1_200, running: 0 } });
    const ended = (await (await api.call('GET', `/batches/${batchId}`)).json()) as { finished_at: string | null };
    expect(ended.finished_at).not.toBeNull();
  });

  it('is listed, newest first', async () => {
    const batchId = await createBatch(1);
    const list = (await (await api.call('GET', '/batches?limit=2')).json()) as { data: { id: string }[] };
    expect(list.data[0]?.id).toBe(batchId);
    for (const path of ['', '/items', '/results']) {
      expect((await api.call('GET', `/batches/${createId('batch')}${path}`)).status).toBe(404);
    }
  });
});
