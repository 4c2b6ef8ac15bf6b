import { expect } from 'vitest';
import type { TaskId } from '../../../packages/domain/src/index.ts';
import { type PlayedTask, playTask } from './play-task.ts';
import type { TestApi } from './start-test-api.ts';

/** A task of a test and the worker that the test plays for it. */
export async function submitTest(api: TestApi, body: object = {}): Promise<TaskId> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1, ...body } });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: TaskId }).id;
}

/** Claims the task and logs `count` text deltas, each in a flush of its own, published like a worker's. */
export async function playDeltas(api: TestApi, taskId: TaskId, count: number): Promise<PlayedTask> {
  const played = await playTask(api.context.pool, taskId);
  for (let i = 0; i < count; i++) await logDelta(api, played, `part ${i}`);
  return played;
}

export async function logDelta(api: TestApi, played: PlayedTask, text: string): Promise<void> {
  api.context.hub.publishNow([await played.flush([{ type: 'text.delta', data: { text } }])]);
}

export async function finishTask(api: TestApi, played: PlayedTask): Promise<void> {
  api.context.hub.publishNow([await played.complete('done')]);
}

const SSE = { accept: 'text/event-stream' };

/** Opens the event stream of a task. */
export function openEvents(
  api: TestApi,
  taskId: TaskId,
  options: { query?: string; headers?: Record<string, string>; key?: string } = {},
): Promise<Response> {
  const { query = '', headers, key } = options;
  const path = `/v1/tasks/${taskId}/events${query}`;
  return api.call('GET', path, { headers: { ...SSE, ...headers }, ...(key === undefined ? {} : { key }) });
}
