import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventPageSchema } from '../../../apps/api/src/schemas/event.ts';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { type PlayedTask, playTask } from './play-task.ts';
import { readStream } from './read-stream.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ NIGHTSHIFT_STREAM_HEARTBEAT_MS: '300' });
});

afterAll(async () => {
  await api.stop();
});

async function submit(): Promise<TaskId> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1 } });
  return ((await response.json()) as { id: TaskId }).id;
}

/** A task with `count` text deltas after queued and started, each in a flush of its own, published like a worker's. */
async function playDeltas(taskId: TaskId, count: number): Promise<PlayedTask> {
  const played = await playTask(api.context.pool, taskId);
  for (let i = 0; i < count; i++) await delta(played, `part ${i}`);
  return played;
}

async function delta(played: PlayedTask, text: string): Promise<void> {
  api.context.hub.publishNow([await played.flush([{ type: 'text.delta', data: { text } }])]);
}

async function finish(played: PlayedTask): Promise<void> {
  api.context.hub.publishNow([await played.complete('done')]);
}

const SSE = { accept: 'text/event-stream' };

function open(taskId: TaskId, options: { query?: string; headers?: Record<string, string> } = {}) {
  const path = `/v1/tasks/${taskId}/events${options.query ?? ''}`;
  return api.call('GET', path, { headers: { ...SSE, ...options.headers } });
}

describe('GET /tasks/{id}/events as a stream', () => {
  it('replays, follows, ends after the final event, and answers 204 to who has it', async () => {
    const taskId = await submit();
    const played = await playDeltas(taskId, 2);
    const response = await open(taskId);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    const stream = readStream(response);
    const replayed = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
    expect(replayed.map((frame) => frame?.id)).toEqual(['1', '2', '3', '4']);
    expect(stream.retries[0]).toBeGreaterThanOrEqual(1_000);
    await delta(played, 'live\n\nevent: forged\ndata: {}');
    const live = await stream.next(1_000);
    expect(live).toMatchObject({ id: '5', event: 'text.delta' });
    expect(JSON.parse(live?.data ?? '')).toMatchObject({
      type: 'text.delta',
      sequence_number: 5,
      task_id: taskId,
      epoch: 1,
      data: { text: 'live\n\nevent: forged\ndata: {}' },
    });
    await finish(played);
    expect((await stream.rest()).map((frame) => frame.event)).toEqual(['task.completed']);
    expect((await open(taskId, { headers: { 'last-event-id': '6' } })).status).toBe(204);
  });

  it('lets Last-Event-ID win over the query', async () => {
    const taskId = await submit();
    await playDeltas(taskId, 3);
    const stream = readStream(await open(taskId, { query: '?after=1', headers: { 'last-event-id': '3' } }));
    expect((await stream.next())?.id).toBe('4');
    await stream.cancel();
    const aliased = readStream(await open(taskId, { query: '?starting_after=2', headers: { 'last-event-id': '' } }));
    expect((await aliased.next())?.id).toBe('3');
    await aliased.cancel();
  });

  it.each(['abc', '-1', '1-0', '1, 2', '01', '1e3', '9'.repeat(17), '9007199254740993', '0x1', ' '])(
    'refuses the cursor %j',
    async (cursor) => {
      const taskId = await submit();
      const response = await open(taskId, { query: `?after=${encodeURIComponent(cursor)}` });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'malformed_cursor' });
    },
  );

  it('refuses a cursor that is ahead of the log', async () => {
    const response = await open(await submit(), { query: '?after=2' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'cursor_ahead' });
  });

  it('keeps an idle stream alive with comments', async () => {
    const stream = readStream(await open(await submit()));
    await stream.next();
    await expect(stream.next(1_000)).rejects.toThrow('in time');
    expect(stream.comments.length).toBeGreaterThan(0);
    await stream.cancel();
  });

  it('moves the cursor of a filtered stream with checkpoints', async () => {
    const taskId = await submit();
    const played = await playDeltas(taskId, 2);
    const stream = readStream(await open(taskId, { query: '?types=task.*' }));
    expect((await stream.next())?.event).toBe('task.queued');
    expect((await stream.next())?.event).toBe('task.started');
    expect(await stream.next()).toMatchObject({ id: '4', event: 'stream.checkpoint' });
    await finish(played);
    expect((await stream.rest()).map((frame) => frame.event)).toEqual(['task.completed']);
    const blind = readStream(await open(taskId, { query: '?types=tool.*' }));
    expect(await blind.rest()).toMatchObject([{ id: '5', event: 'stream.checkpoint' }]);
  });

  it('shows what developers see only to the scope for it', async () => {
    const taskId = await submit();
    const played = await playTask(api.context.pool, taskId);
    await played.flush([
      { type: 'log', data: { text: 'secret' } },
      { type: 'text.delta', data: { text: 'open' } },
    ]);
    await finish(played);
    const user = await readStream(await open(taskId)).rest();
    expect(user.map((frame) => frame.id)).toEqual(['1', '2', '4', '5']);
    const developer = await readStream(await open(taskId, { query: '?visibility=developer' })).rest();
    expect(developer.map((frame) => frame.id)).toEqual(['1', '2', '3', '4', '5']);
    const { key } = await api.createKey({ tenantId: api.tenantId, scopes: ['tasks:read'] });
    const refused = await api.call('GET', `/tasks/${taskId}/events?visibility=developer`, { key });
    expect(refused.status).toBe(403);
  });

  it('delivers every event once and in order to a reader cut after every one of them', async () => {
    const taskId = await submit();
    await finish(await playDeltas(taskId, 20));
    for (let cut = 1; cut <= 23; cut++) {
      const before = readStream(await open(taskId));
      const seen: string[] = [];
      while (seen.length < cut) seen.push((await before.next())?.id ?? 'end');
      await before.cancel();
      const after = await open(taskId, { headers: { 'last-event-id': seen.at(-1) ?? '' } });
      if (after.status === 200) seen.push(...(await readStream(after).rest()).map((frame) => frame.id ?? ''));
      expect(seen).toEqual(Array.from({ length: 23 }, (_, i) => `${i + 1}`));
    }
  });

  it('delivers what was never published', async () => {
    const taskId = await submit();
    const played = await playTask(api.context.pool, taskId);
    const stream = readStream(await open(taskId));
    await played.flush([{ type: 'text.delta', data: { text: 'unpublished' } }]);
    await played.complete('x');
    expect((await stream.rest()).map((frame) => frame.id)).toEqual(['1', '2', '3', '4']);
  });

  it('ends the stream of a key that was revoked', async () => {
    const { key } = await api.createKey({ tenantId: api.tenantId });
    const taskId = await submit();
    const response = await api.call('GET', `/tasks/${taskId}/events`, { key, headers: SSE });
    const stream = readStream(response);
    await stream.next();
    await api.context.pool.query('update api_keys set revoked_at = now() where tenant_id = $1 and name = $2', [
      toUuid(api.tenantId),
      'test',
    ]);
    try {
      expect(await stream.rest(25_000)).toEqual([]);
    } finally {
      await api.context.pool.query('update api_keys set revoked_at = null');
    }
  });
});

describe('an EventSource', () => {
  it('watches a task with a stream token, through rotations, to its end, and stops', async () => {
    const rotating = await startTestApi({ NIGHTSHIFT_STREAM_ROTATE_MS: '400', NIGHTSHIFT_STREAM_HEARTBEAT_MS: '100' });
    try {
      const submitted = await rotating.call('POST', '/tasks', { body: { agent: 'test', input: 1 } });
      const { id } = (await submitted.json()) as { id: TaskId };
      const minted = await rotating.call('POST', `/tasks/${id}/stream-tokens`);
      expect(minted.status).toBe(201);
      const { events_url } = (await minted.json()) as { events_url: string };
      const source = new EventSource(`${rotating.url}${events_url}`);
      const seen: number[] = [];
      let rotations = 0;
      for (const type of ['task.queued', 'task.started', 'text.delta', 'task.completed']) {
        source.addEventListener(type, (event) => seen.push(Number(event.lastEventId)));
      }
      source.addEventListener('stream.rotate', () => rotations++);
      const played = await playTask(rotating.context.pool, id);
      for (let i = 0; i < 6; i++) {
        await played.flush([{ type: 'text.delta', data: { text: `${i}` } }]);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      await played.complete('x');
      await eventually('the end of the EventSource', () => source.readyState === EventSource.CLOSED);
      expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(rotations).toBeGreaterThan(0);
    } finally {
      await rotating.stop();
    }
  });
});

describe('stream tokens', () => {
  it('open one task, for reading its events, and nothing else', async () => {
    const taskId = await submit();
    const other = await submit();
    const minted = await api.call('POST', `/tasks/${taskId}/stream-tokens`, { body: { expires_in_seconds: 10 } });
    const { token } = (await minted.json()) as { token: string };
    const get = (path: string) => api.call('GET', path, { key: null });
    expect((await get(`/tasks/${taskId}/events?access_token=${token}`)).status).toBe(200);
    expect((await get(`/tasks/${other}/events?access_token=${token}`)).status).toBe(404);
    expect((await get(`/tasks/${taskId}?access_token=${token}`)).status).toBe(401);
    expect((await get(`/tasks?access_token=${token}`)).status).toBe(401);
    expect((await get(`/tasks/${taskId}/events?access_token=${token}x`)).status).toBe(401);
    expect((await get(`/tasks/${taskId}/events?access_token=${api.key}`)).status).toBe(401);
    const asHeader = await api.call('GET', `/tasks/${taskId}/events`, { key: token });
    expect(asHeader.status).toBe(401);
  });
});

describe('the limits of streams', () => {
  it('answers 200 with a long retry when a tenant has too many, and gives places back', async () => {
    const small = await startTestApi({ NIGHTSHIFT_MAX_STREAMS_PER_TENANT: '1' });
    try {
      const submitted = await small.call('POST', '/tasks', { body: { agent: 'test', input: 1 } });
      const path = `/tasks/${((await submitted.json()) as { id: TaskId }).id}/events`;
      const first = readStream(await small.call('GET', path, { headers: SSE }));
      await first.next();
      const second = await small.call('GET', path, { headers: SSE });
      expect(second.status).toBe(200);
      const turnedAway = readStream(second);
      expect(await turnedAway.rest()).toEqual([]);
      expect(turnedAway.retries.at(-1)).toBeGreaterThanOrEqual(15_000);
      await first.cancel();
      await eventually('a free place', async () => {
        const third = readStream(await small.call('GET', path, { headers: SSE }));
        const frame = await third.next();
        await third.cancel();
        return frame?.id === '1';
      });
    } finally {
      await small.stop();
    }
  });

  it('asks readers to come back when the process stops', async () => {
    const stopping = await startTestApi();
    const submitted = await stopping.call('POST', '/tasks', { body: { agent: 'test', input: 1 } });
    const path = `/tasks/${((await submitted.json()) as { id: TaskId }).id}/events`;
    const stream = readStream(await stopping.call('GET', path, { headers: SSE }));
    await stream.next();
    stopping.beginStop();
    expect(await stream.rest()).toEqual([]);
    expect(stream.retries).toHaveLength(2);
    expect((await stopping.call('GET', '/readyz')).status).toBe(503);
    expect((await stopping.call('GET', '/livez')).status).toBe(200);
    const startedAt = performance.now();
    await stopping.stop();
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });
});

describe('GET /tasks/{id}/events as JSON', () => {
  it('pages through the log', async () => {
    const taskId = await submit();
    await finish(await playDeltas(taskId, 5));
    const seen: number[] = [];
    let after = 0;
    for (;;) {
      const response = await api.call('GET', `/tasks/${taskId}/events?limit=3&after=${after}`);
      const page = eventPageSchema.parse(await response.json());
      seen.push(...page.data.map((event) => event.sequence_number));
      after = page.next_after;
      expect(page.final).toBe(!page.has_more);
      if (!page.has_more) break;
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('holds an empty page until something visible happens', async () => {
    const taskId = await submit();
    const played = await playDeltas(taskId, 0);
    const pending = api.call('GET', `/tasks/${taskId}/events?after=2&wait=10&types=tool.*`);
    await delta(played, 'not this');
    api.context.hub.publishNow([await played.flush([{ type: 'tool.started', data: { tool: 'speak' } }])]);
    expect(await (await pending).json()).toMatchObject({
      data: [{ type: 'tool.started', sequence_number: 4 }],
      next_after: 4,
    });
  });

  it('answers an empty page when the time is over', async () => {
    const response = await api.call('GET', `/tasks/${await submit()}/events?after=1&wait=1`);
    expect(await response.json()).toEqual({ data: [], has_more: false, next_after: 1, final: false });
  });

  it('knows nothing of a task that is not there', async () => {
    expect((await api.call('GET', `/tasks/${createId('task')}/events`)).status).toBe(404);
    expect((await open(createId('task'))).status).toBe(404);
  });

  it('refuses what it cannot represent', async () => {
    const response = await api.call('GET', `/tasks/${await submit()}/events`, { headers: { accept: 'image/png' } });
    expect(response.status).toBe(406);
  });
});
