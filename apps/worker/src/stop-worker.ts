import { ShutdownError } from '@nightshift/agent';
import type { Incarnation } from '@nightshift/domain';
import type { TaskConsumer } from '@nightshift/queue';
import { endWorker } from '@nightshift/store';
import type { ActiveTasks } from './active-tasks.ts';
import type { WorkerContext } from './context.ts';
import type { IdleClaimer } from './idle-claimer.ts';
import type { IsolatedRunner } from './isolation/run-isolated.ts';
import type { JobTracker } from './job-tracker.ts';
import type { Lease } from './lease.ts';
import { within } from './within.ts';

/** After the grace is over, a step gets this long to notice its abort. */
const ABORT_GRACE_MS = 3_000;
/** A Redis or a Postgres that hangs delays the end by this at most, each time it is needed. */
const GOODBYE_TIMEOUT_MS = 2_000;

export interface WorkerParts {
  context: WorkerContext;
  incarnation: Incarnation;
  shutdown: AbortController;
  active: ActiveTasks;
  jobs: JobTracker;
  lease: Lease;
  isolated?: Pick<IsolatedRunner, 'killAll'>;
  idle: IdleClaimer;
  consumer: TaskConsumer;
  housekeepers: { stop(): Promise<void> };
}

/**
 * The order of a graceful end (GUARANTEES.md 1.3.10): take nothing new, let steps end, hand tasks back, end the lease.
 * Whatever is still running then is requeued by the rescuer, and costs no suspicion: this end was on purpose.
 */
export async function stopWorker(parts: WorkerParts): Promise<void> {
  const { context, jobs, active } = parts;
  context.log.info({ tasks: active.size }, 'worker stops at step boundaries');
  parts.shutdown.abort();
  parts.idle.stop();
  const quiet = Promise.allSettled([parts.consumer.pause(), parts.housekeepers.stop()]);
  if (!(await jobs.drained(context.config.graceMs))) {
    active.stopAll(new ShutdownError('the grace is over'));
    if (!(await jobs.drained(ABORT_GRACE_MS)) && parts.isolated) {
      // Reported while we live: of a child that outlives its parent nobody could tell that it was told to go.
      await within(parts.isolated.killAll(), GOODBYE_TIMEOUT_MS);
    }
  }
  context.flusher.fenceAll(); // what could not be written by now is written by whoever gets the task next
  await within(quiet, GOODBYE_TIMEOUT_MS);
  parts.lease.stop();
  await within(endWorker(context.leasePool, parts.incarnation), GOODBYE_TIMEOUT_MS);
  await within(parts.consumer.close(), GOODBYE_TIMEOUT_MS);
}
