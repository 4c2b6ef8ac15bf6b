import { createId, type TaskId } from '@nightshift/domain';
import { createSemaphore } from '@nightshift/resilience';
import { describe, expect, it } from 'vitest';
import { createIsolationLane } from './isolation-lane.ts';

function startLane(maxChildren: number, slotCount: number) {
  const slots = createSemaphore(slotCount);
  const shutdown = new AbortController();
  const running = new Map<TaskId, () => void>();
  const started: TaskId[] = [];
  const tracked: Promise<void>[] = [];
  const lane = createIsolationLane({
    maxChildren,
    slots,
    shutdown: shutdown.signal,
    runChild(taskId) {
      started.push(taskId);
      return new Promise((resolve) => running.set(taskId, resolve));
    },
    async track(work) {
      tracked.push(work);
      await work;
    },
  });
  return { lane, slots, shutdown, running, started, tracked };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createIsolationLane', () => {
  it('runs so many at once, the others in order, and a waiting one holds no slot', async () => {
    const { lane, slots, running, started } = startLane(2, 5);
    const tasks = Array.from({ length: 4 }, () => createId('task'));
    for (const taskId of tasks) lane.offer(taskId);
    await turn();
    expect(started).toEqual(tasks.slice(0, 2));
    expect([slots.free, lane.waiting]).toEqual([3, 2]);
    running.get(tasks[1] ?? createId('task'))?.();
    await turn();
    expect(started).toEqual(tasks.slice(0, 3));
    expect([slots.free, lane.waiting]).toEqual([3, 1]);
  });

  it('takes a task once, however often it is offered', async () => {
    const { lane, running, started } = startLane(3, 5);
    const taskId = createId('task');
    lane.offer(taskId);
    lane.offer(taskId);
    await turn();
    expect(started).toEqual([taskId]);
    running.get(taskId)?.();
    await turn();
    lane.offer(taskId);
    await turn();
    expect(started).toEqual([taskId, taskId]);
  });

  it('starts nothing more when the worker goes down, and ends when its children have', async () => {
    const { lane, shutdown, running, started, tracked } = startLane(1, 5);
    const [first, second] = [createId('task'), createId('task')];
    lane.offer(first);
    lane.offer(second);
    await turn();
    shutdown.abort();
    running.get(first)?.();
    await Promise.all(tracked);
    expect(started).toEqual([first]);
  });
});
