import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRetentionCleaner } from '../../../packages/dispatch/src/index.ts';
import { type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { finishTask, openEvents, playDeltas, submitTest } from './play-events.ts';
import { readStream } from './read-stream.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

/** A finished task with six events, which retention has taken, and which Redis has forgotten. */
async function purgedTask(): Promise<TaskId> {
  const taskId = await submitTest(api);
  await finishTask(api, await playDeltas(api, taskId, 3));
  const { pool, log, metrics, redis } = api.context;
  await pool.query("update tasks set finished_at = now() - interval '31 days' where id = $1", [toUuid(taskId)]);
  const cleaner = createRetentionCleaner({ pool, log, metrics, retentionMs: 30 * 24 * 60 * 60_000 });
  for (let pass = 0; pass < 3; pass++) await cleaner.runOnce();
  await redis.commands.del(redis.keys.stream(taskId));
  return taskId;
}

describe('events of a task beyond the retention', () => {
  it('are answered in a stream with stream.gap and task.snapshot, then its end, then 204', async () => {
    const taskId = await purgedTask();
    const frames = await readStream(await openEvents(api, taskId, { query: '?after=2&types=tool.*' })).rest();
    expect(frames.map(({ id, event }) => [id, event])).toEqual([
      ['6', 'stream.gap'],
      ['6', 'task.snapshot'],
    ]);
    const [gap, snapshot] = frames.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
    expect(gap).toEqual({ type: 'stream.gap', cursor: 6, from: 3, to: 6 });
    expect(snapshot).toMatchObject({
      type: 'task.snapshot',
      cursor: 6,
      task: { id: taskId, status: 'completed', result: 'done', last_event_id: 6 },
    });
    expect(snapshot).not.toHaveProperty('sequence_number');
    expect((await openEvents(api, taskId, { headers: { 'last-event-id': '6' } })).status).toBe(204);
  });

  it('are answered in a page with gap and snapshot', async () => {
    const taskId = await purgedTask();
    const page = await (await api.call('GET', `/v1/tasks/${taskId}/events?wait=30`)).json();
    expect(page).toMatchObject({
      data: [],
      has_more: false,
      next_after: 6,
      final: true,
      gap: { from: 1, to: 6 },
      snapshot: { id: taskId, status: 'completed', result: 'done' },
    });
    const end = await (await api.call('GET', `/v1/tasks/${taskId}/events?after=6`)).json();
    expect(end).toEqual({ data: [], has_more: false, next_after: 6, final: true });
  });

  it('leave the task itself readable', async () => {
    const taskId = await purgedTask();
    const task = await (await api.call('GET', `/v1/tasks/${taskId}`)).json();
    expect(task).toMatchObject({ id: taskId, status: 'completed', result: 'done', last_event_id: 6 });
    expect((await api.call('GET', `/v1/tasks/${taskId}/events?after=7`)).status).toBe(400);
  });
});
