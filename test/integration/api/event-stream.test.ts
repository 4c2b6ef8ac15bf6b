import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toUuid } from '../../../packages/domain/src/index.ts';
import { finishTask, logDelta, openEvents, playDeltas, submitTest } from './play-events.ts';
import { playTask } from './play-task.ts';
import { readStream } from './read-stream.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ NIGHTSHIFT_STREAM_HEARTBEAT_MS: '300' });
});

afterAll(async () => {
  await api.stop();
});

describe('GET /tasks/{id}/events as a stream', () => {
  it('replays, follows, ends after the final event, and answers 204 to who has it', async () => {
    const taskId = await submitTest(api);
    const played = await playDeltas(api, taskId, 2);
    const response = await openEvents(api, taskId);
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
    await logDelta(api, played, 'live\n\nevent: forged\ndata: {}');
    const live = await stream.next(1_000);
    expect(live).toMatchObject({ id: '5', event: 'text.delta' });
    expect(JSON.parse(live?.data ?? '')).toMatchObject({
      type: 'text.delta',
      sequence_number: 5,
      task_id: taskId,
      epoch: 1,
      data: { text: 'live\n\nevent: forged\ndata: {}' },
    });
    await finishTask(api, played);
    expect((await stream.rest()).map((frame) => frame.event)).toEqual(['task.completed']);
    expect((await openEvents(api, taskId, { headers: { 'last-event-id': '6' } })).status).toBe(204);
  });

  it('lets Last-Event-ID win over the query', async () => {
    const taskId = await submitTest(api);
    await playDeltas(api, taskId, 3);
    const stream = readStream(await openEvents(api, taskId, { query: '?after=1', headers: { 'last-event-id': '3' } }));
    expect((await stream.next())?.id).toBe('4');
    await stream.cancel();
    const aliased = readStream(
      await openEvents(api, taskId, { query: '?starting_after=2', headers: { 'last-event-id': '' } }),
    );
    expect((await aliased.next())?.id).toBe('3');
    await aliased.cancel();
  });

  it.each(['abc', '-1', '1-0', '1, 2', '01', '1e3', '9'.repeat(17), '9007199254740993', '0x1', ' '])(
    'refuses the cursor %j',
    async (cursor) => {
      const taskId = await submitTest(api);
      const response = await openEvents(api, taskId, { query: `?after=${encodeURIComponent(cursor)}` });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'malformed_cursor' });
    },
  );

  it('refuses a cursor that is ahead of the log', async () => {
    const response = await openEvents(api, await submitTest(api), { query: '?after=2' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'cursor_ahead' });
  });

  it('keeps an idle stream alive with comments', async () => {
    const stream = readStream(await openEvents(api, await submitTest(api)));
    await stream.next();
    await expect(stream.next(1_000)).rejects.toThrow('in time');
    expect(stream.comments.length).toBeGreaterThan(0);
    await stream.cancel();
  });

  it('moves the cursor of a filtered stream with checkpoints', async () => {
    const taskId = await submitTest(api);
    const played = await playDeltas(api, taskId, 2);
    const stream = readStream(await openEvents(api, taskId, { query: '?types=task.*' }));
    expect((await stream.next())?.event).toBe('task.queued');
    expect((await stream.next())?.event).toBe('task.started');
    expect(await stream.next()).toMatchObject({ id: '4', event: 'stream.checkpoint' });
    await finishTask(api, played);
    expect((await stream.rest()).map((frame) => frame.event)).toEqual(['task.completed']);
    const blind = readStream(await openEvents(api, taskId, { query: '?types=tool.*' }));
    expect(await blind.rest()).toMatchObject([{ id: '5', event: 'stream.checkpoint' }]);
  });

  it('shows what developers see only to the scope for it', async () => {
    const taskId = await submitTest(api);
    const played = await playTask(api.context.pool, taskId);
    await played.flush([
      { type: 'log', data: { text: 'secret' } },
      { type: 'text.delta', data: { text: 'open' } },
    ]);
    await finishTask(api, played);
    const user = await readStream(await openEvents(api, taskId)).rest();
    expect(user.map((frame) => frame.id)).toEqual(['1', '2', '4', '5']);
    const developer = await readStream(await openEvents(api, taskId, { query: '?visibility=developer' })).rest();
    expect(developer.map((frame) => frame.id)).toEqual(['1', '2', '3', '4', '5']);
    const { key } = await api.createKey({ tenantId: api.tenantId, scopes: ['tasks:read'] });
    const refused = await api.call('GET', `/tasks/${taskId}/events?visibility=developer`, { key });
    expect(refused.status).toBe(403);
  });

  it('delivers every event once and in order to a reader cut after every one of them', async () => {
    const taskId = await submitTest(api);
    await finishTask(api, await playDeltas(api, taskId, 20));
    for (let cut = 1; cut <= 23; cut++) {
      const before = readStream(await openEvents(api, taskId));
      const seen: string[] = [];
      while (seen.length < cut) seen.push((await before.next())?.id ?? 'end');
      await before.cancel();
      const after = await openEvents(api, taskId, { headers: { 'last-event-id': seen.at(-1) ?? '' } });
      if (after.status === 200) seen.push(...(await readStream(after).rest()).map((frame) => frame.id ?? ''));
      expect(seen).toEqual(Array.from({ length: 23 }, (_, i) => `${i + 1}`));
    }
  });

  it('delivers what was never published', async () => {
    const taskId = await submitTest(api);
    const played = await playTask(api.context.pool, taskId);
    const stream = readStream(await openEvents(api, taskId));
    await played.flush([{ type: 'text.delta', data: { text: 'unpublished' } }]);
    await played.complete('x');
    expect((await stream.rest()).map((frame) => frame.id)).toEqual(['1', '2', '3', '4']);
  });

  it('ends the stream of a key that was revoked', async () => {
    const { key } = await api.createKey({ tenantId: api.tenantId });
    const taskId = await submitTest(api);
    const response = await openEvents(api, taskId, { key });
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
