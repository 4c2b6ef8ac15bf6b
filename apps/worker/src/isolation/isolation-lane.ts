import type { TaskId } from '@nightshift/domain';
import { createSemaphore, type Semaphore } from '@nightshift/resilience';

/** Suspects that wait here for a child; what is beyond is offered again by the dispatcher. */
const MAX_WAITING = 1_000;

/** Where this worker runs suspects: each in a child of its own, a few at a time. */
export interface IsolationLane {
  /** Takes the task up now or when there is room; returns at once, so that nothing waits behind a suspect. */
  offer(taskId: TaskId): void;
  /** Suspects that wait for a place. */
  readonly waiting: number;
}

/**
 * Suspects are run in the order in which they came. A waiting one holds nothing; one that runs holds a place in the lane,
 * because children need memory, and a slot of the worker, because they need a processor.
 */
export function createIsolationLane(deps: {
  maxChildren: number;
  slots: Semaphore;
  shutdown: AbortSignal;
  /** Runs the task in a child, to its end. Never rejects. */
  runChild(taskId: TaskId): Promise<void>;
  /** Is told of what is under way, so that the end of the worker can wait for it. */
  track(work: Promise<void>): Promise<void>;
}): IsolationLane {
  const known = new Set<TaskId>();
  const places = createSemaphore(deps.maxChildren);

  async function run(taskId: TaskId): Promise<void> {
    const held: (() => void)[] = [];
    try {
      held.push(await places.acquire(deps.shutdown));
      held.push(await deps.slots.acquire(deps.shutdown));
      await deps.runChild(taskId);
    } catch {
      // Going down: the task is queued, and is offered to others.
    } finally {
      known.delete(taskId);
      for (const release of held) release();
    }
  }

  return {
    get waiting() {
      return places.waiting;
    },
    offer(taskId) {
      if (known.has(taskId) || known.size >= MAX_WAITING) return;
      known.add(taskId);
      void deps.track(run(taskId));
    },
  };
}
