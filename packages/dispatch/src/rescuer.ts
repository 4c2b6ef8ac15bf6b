import type { Incarnation } from '@nightshift/domain';
import {
  buryChildren,
  buryWorkers,
  type EventRow,
  findWorkerLocks,
  type Pool,
  requeueOrphans,
  type WorkerVitals,
} from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 250;
/** Looks at which a lock has to be missing, one after the other: a reconnect takes less. */
const MISSES_UNTIL_DEAD = 2;
const MAX_ORPHANS_PER_PASS = 500;

/**
 * Finds dead workers and requeues their tasks (ARCHITECTURE.md 7). A worker is dead when its lease has passed, or when
 * its session lock was free at two looks. When most locks vanish together, it was Postgres that restarted and not the
 * fleet that died: then only leases count. Children that run one task alone are judged by their parents (bury-children.ts).
 */
export function createRescuer(deps: {
  pool: Pool;
  log: Logger;
  metrics: Metrics;
  publish(rows: EventRow[]): void;
}): Housekeeper {
  let misses = new Map<Incarnation, number>();

  function findLost(workers: WorkerVitals[]): Incarnation[] {
    const missing = workers.filter((worker) => !worker.lockHeld);
    const panic = missing.length > 1 && missing.length > workers.length / 2;
    misses = new Map(
      missing.map((worker) => [worker.incarnation, panic ? 0 : (misses.get(worker.incarnation) ?? 0) + 1]),
    );
    return [...misses].filter(([, count]) => count >= MISSES_UNTIL_DEAD).map(([incarnation]) => incarnation);
  }

  return {
    name: 'rescuer',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      const workers = (await findWorkerLocks(deps.pool)).filter((worker) => !worker.isChild);
      const lost = findLost(workers);
      const late = workers.filter((worker) => worker.leaseExpired).map((worker) => worker.incarnation);
      const dead = [
        ...(lost.length > 0 ? await buryWorkers(deps.pool, lost, true) : []),
        ...(late.length > 0 ? await buryWorkers(deps.pool, late, false) : []),
      ];
      const deadChildren = await buryChildren(deps.pool);
      for (const incarnation of [...dead, ...deadChildren])
        deps.log.warn({ worker_id: incarnation }, 'worker is dead; its tasks are requeued');
      const orphans = await requeueOrphans(deps.pool, MAX_ORPHANS_PER_PASS);
      deps.publish(orphans.flatMap((orphan) => orphan.events ?? []));
      for (const orphan of orphans) {
        deps.metrics.leaseTakeovers.inc();
        deps.log.warn({ task_id: orphan.taskId, suspicion: orphan.suspicion }, 'task taken back from a dead worker');
      }
      deps.metrics.workers.set(workers.length - dead.length);
      return orphans.length === MAX_ORPHANS_PER_PASS;
    },
  };
}
