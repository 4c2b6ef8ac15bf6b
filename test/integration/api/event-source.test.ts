import { EventSource } from 'eventsource';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { openEvents, submitTest } from './play-events.ts';
import { playTask } from './play-task.ts';
import { readStream } from './read-stream.ts';
import { startTestApi } from './start-test-api.ts';

describe('an EventSource', () => {
  it('watches a task with a stream token, through rotations, to its end, and stops', async () => {
    const rotating = await startTestApi({ NIGHTSHIFT_STREAM_ROTATE_MS: '400', NIGHTSHIFT_STREAM_HEARTBEAT_MS: '100' });
    try {
      const id = await submitTest(rotating);
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
    const api = await startTestApi();
    const taskId = await submitTest(api);
    const other = await submitTest(api);
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
    await api.stop();
  });
});

describe('the limits of streams', () => {
  it('answers 200 with a long retry when a tenant has too many, and gives places back', async () => {
    const small = await startTestApi({ NIGHTSHIFT_MAX_STREAMS_PER_TENANT: '1' });
    try {
      const taskId = await submitTest(small);
      const first = readStream(await openEvents(small, taskId));
      await first.next();
      const second = await openEvents(small, taskId);
      expect(second.status).toBe(200);
      const turnedAway = readStream(second);
      expect(await turnedAway.rest()).toEqual([]);
      expect(turnedAway.retries.at(-1)).toBeGreaterThanOrEqual(15_000);
      await first.cancel();
      await eventually('a free place', async () => {
        const third = readStream(await openEvents(small, taskId));
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
    const stream = readStream(await openEvents(stopping, await submitTest(stopping)));
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
