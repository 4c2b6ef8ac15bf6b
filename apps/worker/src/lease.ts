import { CancelRequestedError } from '@nightshift/agent';
import type { Incarnation } from '@nightshift/domain';
import { type OwnedTask, type Pool, releaseTasks, renewLease } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';
import type { ActiveTasks } from './active-tasks.ts';
import type { ClaimBatcher } from './claim-batcher.ts';

/** We stop this long before the others may take over. */
const MARGIN_SHARE = 0.1;
const RENEWALS_PER_LEASE = 3;

export interface Lease {
  stop(): void;
}

/**
 * Keeps the lease of this incarnation. Time is counted on the monotonic clock from when a renewal was sent: if none is
 * answered in time, `onLost` is called before anybody else can take over (I6). Each renewal returns what the database
 * thinks we run: tasks we do not know of (a claim whose reply was lost) are handed back, cancels are passed on.
 */
export function keepLease(deps: {
  pool: Pool;
  incarnation: Incarnation;
  leaseMs: number;
  active: ActiveTasks;
  claims: ClaimBatcher;
  log: Logger;
  onLost(why: string): void;
}): Lease {
  const { pool, incarnation, leaseMs } = deps;
  let stopped = false;
  let deadline = armDeadline(performance.now());
  const timer = setInterval(() => void renew(), leaseMs / RENEWALS_PER_LEASE);

  function armDeadline(sentAt: number): NodeJS.Timeout {
    const localMs = leaseMs * (1 - MARGIN_SHARE) - (performance.now() - sentAt);
    return setTimeout(() => lose('the lease was not renewed in time'), Math.max(0, localMs));
  }

  function lose(why: string): void {
    if (stopped) return;
    stop();
    deps.onLost(why);
  }

  function stop(): void {
    stopped = true;
    clearInterval(timer);
    clearTimeout(deadline);
  }

  async function renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const owned = await renewLease(pool, incarnation, leaseMs);
      if (stopped) return;
      if (!owned) return lose('this worker was declared dead');
      clearTimeout(deadline);
      deadline = armDeadline(sentAt);
      await reconcile(owned);
    } catch (error) {
      deps.log.warn({ error: String(error) }, 'lease not renewed; trying again');
    }
  }

  /** A task is handed back when two renewals in a row named it and it was not here: one may cross a claim's reply. */
  let suspects = new Map<string, number>();
  async function reconcile(owned: OwnedTask[]): Promise<void> {
    const unknown: OwnedTask[] = [];
    for (const task of owned) {
      const active = deps.active.get(task.taskId);
      if (active?.epoch === task.epoch) {
        if (task.cancelRequested) active.stop(new CancelRequestedError('cancel requested'));
      } else if (!deps.claims.isClaiming(task.taskId)) unknown.push(task);
    }
    const again = unknown.filter((task) => suspects.get(task.taskId) === task.epoch);
    suspects = new Map(unknown.map((task) => [task.taskId, task.epoch]));
    if (again.length === 0) return;
    const released = await releaseTasks(pool, again);
    deps.log.warn({ tasks: released }, 'handed back tasks that were claimed here but never arrived');
  }

  return { stop };
}
