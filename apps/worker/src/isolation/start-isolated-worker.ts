import { CancelRequestedError, ShutdownError } from '@nightshift/agent';
import type { Incarnation, TaskId } from '@nightshift/domain';
import { createSemaphore } from '@nightshift/resilience';
import { endWorker } from '@nightshift/store';
import { onCancel } from '@nightshift/streams';
import { ActiveTasks } from '../active-tasks.ts';
import { createClaimBatcher } from '../claim-batcher.ts';
import type { WorkerContext } from '../context.ts';
import { keepLease } from '../lease.ts';
import { processJob } from '../process-job.ts';
import { registerIncarnation } from '../register-incarnation.ts';
import { within } from '../within.ts';

/** A Postgres that hangs delays the end by this at most. */
const GOODBYE_TIMEOUT_MS = 2_000;

export interface IsolatedWorker {
  /** Resolves when the task is settled or handed back and the incarnation has ended. */
  readonly ended: Promise<void>;
  /** Hands the task back at its next step boundary, or in the middle of a step when the grace is over. */
  stop(): void;
}

/**
 * The life of a child: one incarnation, one task, then the end. It is a worker in every respect (lease, session lock, fence,
 * cancel, deadline) but that it takes no other work and does no housekeeping.
 */
export async function startIsolatedWorker(
  context: WorkerContext,
  orders: { taskId: TaskId; incarnation: Incarnation; parent: Incarnation },
  onLost: (why: string) => void,
): Promise<IsolatedWorker> {
  const { config, pool, leasePool, log } = context;
  const { taskId, incarnation, parent } = orders;
  const { registeredAt } = await registerIncarnation(context, { incarnation, parent, capacity: 0 });
  const shutdown = new AbortController();
  const active = new ActiveTasks();
  const claims = createClaimBatcher({ pool, incarnation, workerName: config.name, isShared: false });
  const lease = keepLease({
    pool: leasePool,
    incarnation,
    leaseMs: config.leaseMs,
    registeredAt,
    active,
    claims,
    log,
    onLost(why) {
      context.flusher.fenceAll();
      onLost(why);
    },
  });
  onCancel(context.redis, (id) => active.get(id)?.stop(new CancelRequestedError('cancel requested')));
  const job = processJob(
    {
      agent: context.agent,
      claims,
      active,
      slots: createSemaphore(1),
      flusher: context.flusher,
      publisher: context.publisher,
      shutdown: shutdown.signal,
      isAlone: true,
    },
    taskId,
  );
  return {
    ended: job.then(async () => {
      lease.stop();
      context.flusher.fenceAll();
      await within(endWorker(leasePool, incarnation), GOODBYE_TIMEOUT_MS);
    }),
    stop() {
      shutdown.abort();
      setTimeout(() => active.stopAll(new ShutdownError('the grace is over')), config.graceMs);
    },
  };
}
