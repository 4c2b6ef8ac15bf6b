import { CancelRequestedError } from '@nightshift/agent';
import type { TaskId } from '@nightshift/domain';
import { type OwnedTask, type Pool, releaseTasks } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';
import type { ActiveTasks } from './active-tasks.ts';
import type { ClaimBatcher } from './claim-batcher.ts';

export interface OwnershipDeps {
  readonly pool: Pool;
  readonly active: ActiveTasks;
  readonly claims: ClaimBatcher;
  readonly log: Logger;
}

/**
 * Compares what the database thinks we run, as each renewal tells it, with what we run: cancels are passed on, and tasks
 * we do not know of (a claim whose reply was lost) are handed back. Only when two renewals in a row named them: one may
 * cross the reply of a claim, or the end of a task.
 */
export function createOwnershipCheck({
  pool,
  active,
  claims,
  log,
}: OwnershipDeps): (owned: OwnedTask[]) => Promise<void> {
  let suspects = new Map<TaskId, number>();
  return async (owned) => {
    const unknown: OwnedTask[] = [];
    for (const task of owned) {
      const known = active.get(task.taskId);
      if (known?.epoch === task.epoch) {
        if (task.cancelRequested) known.stop(new CancelRequestedError('cancel requested'));
      } else if (!claims.isClaiming(task.taskId)) unknown.push(task);
    }
    const again = unknown.filter((task) => suspects.get(task.taskId) === task.epoch);
    suspects = new Map(unknown.map((task) => [task.taskId, task.epoch]));
    if (again.length === 0) return;
    const released = await releaseTasks(pool, again);
    log.warn({ tasks: released }, 'handed back tasks that were claimed here but never arrived');
  };
}
