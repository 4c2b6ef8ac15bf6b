import type { Offerer } from '@nightshift/dispatch';
import type { TaskId } from '@nightshift/domain';
import { findOfferedTasks, type Pool } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';

const INTERVAL_MS = 1_000;
/** A worker that got no job for this long looks for itself. */
const IDLE_MS = 2_000;

export interface IdleClaimer {
  /** A job arrived: the doorbell works. */
  noteJob(): void;
  stop(): void;
}

/**
 * Work goes on while Redis is away or has forgotten its jobs, and while nobody leads: a worker with free slots that hears
 * no doorbell claims what was offered to anybody, then what it is fair to offer next. A task that has a job as well is
 * simply claimed once.
 */
export function startIdleClaimer(deps: {
  pool: Pool;
  offerer: Offerer;
  /** Tasks that run, are being claimed or wait for a slot: a claim that hangs must not make room for another one. */
  busy: () => number;
  /** Suspects that wait for a child: they hold no slot, and are found again and again. */
  aside?: () => number;
  capacity: number;
  log: Logger;
  process(taskId: TaskId): void;
}): IdleClaimer {
  let lastJobAt = performance.now();
  let looking = false;
  const timer = setInterval(() => {
    const aside = deps.aside?.() ?? 0;
    const free = deps.capacity - deps.busy() + aside;
    if (looking || free <= 0 || performance.now() - lastJobAt < IDLE_MS) return;
    looking = true;
    findWork(deps, free, aside)
      .then((taskIds) => {
        for (const taskId of taskIds) deps.process(taskId);
      })
      .catch((error: unknown) => deps.log.debug({ error: String(error) }, 'no look for queued tasks'))
      .finally(() => {
        looking = false;
      });
  }, INTERVAL_MS);
  return {
    noteJob() {
      lastJobAt = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}

async function findWork(
  { pool, offerer }: { pool: Pool; offerer: Offerer },
  free: number,
  aside: number,
): Promise<TaskId[]> {
  const offered = await findOfferedTasks(pool, free + aside);
  const room = Math.min(free, free + aside - offered.length);
  if (room <= 0) return offered;
  const chosen = await offerer.offer(room);
  return [...offered, ...chosen.map(({ taskId }) => taskId)];
}
