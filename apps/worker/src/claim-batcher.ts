import type { Incarnation, TaskId } from '@nightshift/domain';
import { type ClaimedTask, claimTasks, type Pool } from '@nightshift/store';

const MAX_TASKS_PER_CLAIM = 100;

/** Claims that are asked for together share a statement. */
export interface ClaimBatcher {
  /** Undefined: somebody else has the task, which is normal. Rejects when the database did not answer. */
  claim(taskId: TaskId): Promise<ClaimedTask | undefined>;
  /** Asked for and not answered yet: the database may know more about these than we do. */
  isClaiming(taskId: TaskId): boolean;
}

interface Waiting {
  resolve(claimed: ClaimedTask | undefined): void;
  reject(error: unknown): void;
}

export function createClaimBatcher(deps: { pool: Pool; incarnation: Incarnation; workerName: string }): ClaimBatcher {
  const waiting = new Map<TaskId, Waiting[]>();
  const claiming = new Map<TaskId, Waiting[]>();
  let running = false;

  async function run(): Promise<void> {
    running = true;
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, MAX_TASKS_PER_CLAIM);
      for (const [taskId, callers] of batch) {
        waiting.delete(taskId);
        claiming.set(taskId, callers);
      }
      await claimBatch(batch);
      for (const [taskId] of batch) claiming.delete(taskId);
    }
    running = false;
  }

  async function claimBatch(batch: [TaskId, Waiting[]][]): Promise<void> {
    try {
      const claimed = await claimTasks(deps.pool, { ...deps, taskIds: batch.map(([taskId]) => taskId) });
      const byId = new Map(claimed.map((task) => [task.taskId, task]));
      for (const [taskId, [first, ...others]] of batch) {
        first?.resolve(byId.get(taskId));
        for (const other of others) other.resolve(undefined);
      }
    } catch (error) {
      for (const [, callers] of batch) for (const caller of callers) caller.reject(error);
    }
  }

  return {
    claim(taskId) {
      return new Promise((resolve, reject) => {
        const callers = waiting.get(taskId);
        if (callers) callers.push({ resolve, reject });
        else waiting.set(taskId, [{ resolve, reject }]);
        if (!running) void run();
      });
    },
    isClaiming: (taskId) => claiming.has(taskId) || waiting.has(taskId),
  };
}
