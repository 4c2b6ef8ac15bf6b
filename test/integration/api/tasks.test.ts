import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { taskSchema } from '../../../apps/api/src/schemas/task.ts';
import type { TaskId } from '../../../packages/domain/src/index.ts';
import { createId, toUuid } from '../../../packages/domain/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { playTask } from './play-task.ts';
import { readStream } from './read-stream.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

interface TaskBody {
  id: TaskId;
  status: string;
  last_event_id: number;
  [field: string]: unknown;
}

interface TaskPage {
  data: TaskBody[];
  has_more: boolean;
}

async function submit(input: unknown = { a: 1 }, rest: object = {}): Promise<TaskBody> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input, ...rest } });
  expect(response.status).toBe(202);
  return (await response.json()) as TaskBody;
}

async function countTasks(): Promise<number> {
  const { rows } = await api.context.pool.query<{ n: number }>('select count(*)::integer as n from tasks');
  return rows[0]?.n ?? -1;
}

describe('POST /tasks', () => {
  it('answers 202 with the task, where it is and when to ask, once it is durable', async () => {
    const body = { agent: 'test', input: { text: 'hi' }, tags: ['x'], metadata: { k: 'v' }, limits: { max_turns: 3 } };
    const response = await api.call('POST', '/tasks', { body });
    expect(response.status).toBe(202);
    const task = (await response.json()) as TaskBody;
    expect(taskSchema.parse(task)).toBeTruthy();
    expect(task).toMatchObject({ status: 'queued', last_event_id: 1, tags: ['x'], metadata: { k: 'v' }, run: 1 });
    expect(response.headers.get('location')).toBe(`/v1/tasks/${task.id}`);
    expect(response.headers.get('retry-after')).toBe('1');
    const shown = await (await api.call('GET', `/tasks/${task.id}?include=input`)).json();
    expect(shown).toMatchObject({ id: task.id, input: { text: 'hi' }, created_at: task.created_at });
    const { rows } = await api.context.pool.query(
      'select dispatch_no, next_dispatch_at > now() as later from tasks where id = $1',
      [toUuid(task.id)],
    );
    expect(rows).toEqual([{ dispatch_no: 1, later: true }]);
  });

  it('rings the doorbell after the commit', async () => {
    const before = await api.context.queue.waitingCount();
    const { key } = await api.createKey(); // of a tenant with no task that waits already
    await api.call('POST', '/tasks', { key, body: { agent: 'test', input: 1 } });
    await eventually('a job in Redis', async () => (await api.context.queue.waitingCount()) > before);
  });

  it('keeps NUL and lone surrogates of the input as they are', async () => {
    const raw = '{"agent":"test","input":{"nul":"a\\u0000b","half":"\\ud83d"}}';
    const response = await api.call('POST', '/tasks', { body: raw, headers: { 'content-type': 'application/json' } });
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as TaskBody;
    const text = await (await api.call('GET', `/tasks/${id}?include=input`)).text();
    expect(text).toContain('"nul":"a\\u0000b","half":"\\ud83d"');
  });

  it('gives the same task to a request repeated with its key, and makes one', async () => {
    const headers = { 'idempotency-key': 'abc-1' };
    const body = { agent: 'test', input: 1 };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.call('POST', '/v1/tasks', { body, headers })),
    );
    const bodies = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(202));
    expect(new Set(bodies).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(7);
    const { rows } = await api.context.pool.query("select 1 from idempotency_keys where key = 'abc-1'");
    expect(rows).toHaveLength(1);
    // The alias is the same route, another body is another request.
    const aliased = await api.call('POST', '/tasks', { body, headers });
    expect(await aliased.text()).toBe(bodies[0]);
    const other = await api.call('POST', '/tasks', { body: { ...body, input: 2 }, headers });
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('keeps keys of two tenants apart', async () => {
    const headers = { 'idempotency-key': 'shared' };
    const { key } = await api.createKey();
    const first = await api.call('POST', '/tasks', { body: { agent: 'test', input: 1 }, headers });
    const mine = (await first.json()) as TaskBody;
    const theirs = await api.call('POST', '/tasks', { key, body: { agent: 'test', input: 2 }, headers });
    expect(theirs.status).toBe(202);
    expect(await theirs.json()).not.toMatchObject({ id: mine.id });
  });

  it('answers 409 after two seconds while the first request is in flight', async () => {
    const client = await api.context.pool.connect();
    const before = await countTasks();
    try {
      await client.query('begin');
      await client.query(
        "insert into idempotency_keys (tenant_id, route, key, fingerprint, response_status, response) values ($1, 'POST /tasks', 'slow', '', 202, '{}')",
        [toUuid(api.tenantId)],
      );
      const startedAt = performance.now();
      const headers = { 'idempotency-key': 'slow' };
      const response = await api.call('POST', '/tasks', { body: { agent: 'test', input: 1 }, headers });
      expect(response.status).toBe(409);
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await response.json()).toMatchObject({ code: 'idempotency_in_flight', retryable: true });
      expect(performance.now() - startedAt).toBeGreaterThan(1_800);
      expect(performance.now() - startedAt).toBeLessThan(2_900);
    } finally {
      await client.query('rollback');
      client.release();
    }
    expect(await countTasks()).toBe(before);
    // The lock timeout was of that statement only.
    const { rows } = await api.context.pool.query('show lock_timeout');
    expect(rows).toEqual([{ lock_timeout: '3s' }]);
  });

  it('holds the answer with Prefer: wait until the task is over', async () => {
    const headers = { prefer: 'respond-async, wait=10' };
    const pending = api.call('POST', '/tasks', { body: { agent: 'test', input: 1, tags: ['held'] }, headers });
    const taskId = await eventually('the held task', async () => {
      const page = (await (await api.call('GET', '/tasks?tags=held')).json()) as TaskPage;
      return page.data[0]?.id;
    });
    const played = await playTask(api.context.pool, taskId);
    await played.complete({ answer: 42 });
    const response = await pending;
    expect(response.status).toBe(200);
    expect(response.headers.get('preference-applied')).toBe('wait=10');
    expect(await response.json()).toMatchObject({ status: 'completed', result: { answer: 42 }, poll_after_ms: null });
  });

  it('answers with the event stream itself when that is asked for', async () => {
    const headers = { accept: 'text/event-stream' };
    const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1 }, headers });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const taskId = response.headers.get('location')?.split('/').at(-1) as TaskId;
    const stream = readStream(response);
    expect(await stream.next()).toMatchObject({ id: '1', event: 'task.queued' });
    const played = await playTask(api.context.pool, taskId);
    await played.complete('done');
    expect((await stream.rest()).map((frame) => frame.event)).toEqual(['task.started', 'task.completed']);
  });

  it('answers within its bounds while Redis is away', async () => {
    const away = await startTestApi({ REDIS_URL: 'redis://127.0.0.1:1' });
    try {
      const startedAt = performance.now();
      const response = await away.call('POST', '/tasks', { body: { agent: 'test', input: 1 } });
      expect(response.status).toBe(202);
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      const ready = await away.call('GET', '/readyz');
      expect(ready.status).toBe(200);
      expect(await ready.json()).toMatchObject({ status: 'degraded', checks: { postgres: 'ok', redis: 'away' } });
    } finally {
      await away.stop();
    }
  });
});

describe('GET /tasks/{id}', () => {
  it('answers 304 to the ETag it gave, and a new one when anything changed', async () => {
    const task = await submit();
    const first = await api.call('GET', `/tasks/${task.id}`);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toBe('W/"1.1.queued"');
    expect((await api.call('GET', `/tasks/${task.id}`, { headers: { 'if-none-match': etag } })).status).toBe(304);
    await playTask(api.context.pool, task.id);
    const changed = await api.call('GET', `/tasks/${task.id}`, { headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).toBe('W/"1.2.running"');
    expect(changed.headers.get('retry-after')).toBe('1');
  });

  it('holds a long poll until the ETag changes, or to its end', async () => {
    const task = await submit();
    const headers = { 'if-none-match': 'W/"1.1.queued"' };
    const startedAt = performance.now();
    const held = vi.spyOn(api.context.hub, 'waitForNews');
    const pending = api.call('GET', `/tasks/${task.id}?wait=10`, { headers });
    await eventually('the request to be held', () => held.mock.calls.some(([taskId]) => taskId === task.id));
    held.mockRestore();
    await playTask(api.context.pool, task.id);
    const response = await pending;
    expect(response.status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    const running = { 'if-none-match': response.headers.get('etag') ?? '' };
    expect((await api.call('GET', `/tasks/${task.id}?wait=1`, { headers: running })).status).toBe(304);
  });

  it('holds a long poll without an ETag until the task is over', async () => {
    const task = await submit();
    const pending = api.call('GET', `/tasks/${task.id}?wait=20`);
    const played = await playTask(api.context.pool, task.id);
    await played.flush([{ type: 'task.progress', data: { done: 1 } }]);
    await played.complete('x');
    expect(await (await pending).json()).toMatchObject({ status: 'completed', result: 'x', usage: { cost_usd: 0.5 } });
  });
});

describe('GET /tasks', () => {
  it('pages in both directions without losing or repeating one', async () => {
    const { key } = await api.createKey();
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) {
      const response = await api.call('POST', '/tasks', { key, body: { agent: 'test', input: i } });
      ids.push(((await response.json()) as TaskBody).id);
    }
    const seen: string[] = [];
    let path: string | undefined = '/v1/tasks?limit=3';
    while (path) {
      const response: Response = await api.call('GET', path, { key });
      const page = (await response.json()) as TaskPage;
      seen.push(...page.data.map((task) => task.id));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      expect(path !== undefined).toBe(page.has_more);
    }
    expect(seen).toEqual(ids.toReversed());
    const newer = (await (await api.call('GET', `/tasks?limit=2&before=${ids[2]}`, { key })).json()) as TaskPage;
    expect(newer.data.map((task) => task.id)).toEqual([ids[4], ids[3]]);
  });

  it('filters by status, agent, tags and time', async () => {
    const { key } = await api.createKey();
    const make = async (body: object) =>
      (await (
        await api.call('POST', '/tasks', { key, body: { agent: 'test', input: 1, ...body } })
      ).json()) as TaskBody;
    const one = await make({ tags: ['a', 'b'] });
    const two = await make({ agent: 'other', tags: ['a'] });
    await playTask(api.context.pool, two.id);
    const list = async (query: string) =>
      ((await (await api.call('GET', `/tasks?${query}`, { key })).json()) as TaskPage).data.map((task) => task.id);
    expect(await list('status=running')).toEqual([two.id]);
    expect(await list('status=running,queued')).toEqual([two.id, one.id]);
    expect(await list('agent=test')).toEqual([one.id]);
    expect(await list('tags=a,b')).toEqual([one.id]);
    expect(await list('created_after=2099-01-01T00:00:00Z')).toEqual([]);
    expect(await list(`batch_id=${createId('batch')}`)).toEqual([]);
  });
});
