import { CancelRequestedError } from '@nightshift/agent';
import { createOfferer } from '@nightshift/dispatch';
import { createId, type TaskId } from '@nightshift/domain';
import { startTaskConsumer, type TaskConsumer } from '@nightshift/queue';
import { createSemaphore } from '@nightshift/resilience';
import { onCancel } from '@nightshift/streams';
import { ActiveTasks } from './active-tasks.ts';
import { createClaimBatcher } from './claim-batcher.ts';
import type { WorkerContext } from './context.ts';
import { type IdleClaimer, startIdleClaimer } from './idle-claimer.ts';
import { hasDeathSignal } from './isolation/has-death-signal.ts';
import { createIsolationLane, type IsolationLane } from './isolation/isolation-lane.ts';
import { createIsolatedRunner } from './isolation/run-isolated.ts';
import { runReserved } from './isolation/run-reserved.ts';
import { JobTracker } from './job-tracker.ts';
import { keepLease } from './lease.ts';
import { type JobDeps, processJob } from './process-job.ts';
import { registerIncarnation } from './register-incarnation.ts';
import { startHousekeepers } from './start-housekeepers.ts';
import { stopWorker } from './stop-worker.ts';

export interface Worker {
  /** Finishes steps, hands tasks back, ends the incarnation. Costs no task an attempt. Never rejects. */
  stop(): Promise<void>;
}

/**
 * Starts a life of this process as a worker: lock first, then the row that names it, then work. `onLost` is called when
 * the lease is gone; by then every task was stopped, and the process should exit.
 */
export async function startWorker(context: WorkerContext, onLost: (why: string) => void): Promise<Worker> {
  const { config, pool, leasePool, log } = context;
  const incarnation = createId('worker');
  const { registeredAt } = await registerIncarnation(context, { incarnation, capacity: config.concurrency });
  const shutdown = new AbortController();
  const active = new ActiveTasks();
  const claims = createClaimBatcher({ pool, incarnation, workerName: config.name, isShared: true });
  const jobs = new JobTracker();
  const slots = createSemaphore(config.concurrency);
  const isolated = createIsolatedRunner({
    ...context,
    parent: incarnation,
    workerName: config.name,
    memoryMb: config.isolation.memoryMb,
    leaseMs: config.leaseMs,
    hasDeathSignal: hasDeathSignal(),
    shutdown: shutdown.signal,
  });
  const lane = createIsolationLane({
    maxChildren: config.isolation.maxChildren,
    slots,
    shutdown: shutdown.signal,
    runChild: (taskId) => runReserved({ ...context, shutdown: shutdown.signal, run: isolated.run }, taskId),
    track: (work) => jobs.track(work),
  });
  const jobDeps: JobDeps = {
    agent: context.agent,
    claims,
    active,
    slots,
    flusher: context.flusher,
    publisher: context.publisher,
    shutdown: shutdown.signal,
    lane,
  };
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
  const doorbells = listen(context, { active, jobs, lane }, (taskId) => jobs.track(processJob(jobDeps, taskId)));
  const housekeepers = startHousekeepers(context, incarnation);
  log.info({ worker_id: incarnation, concurrency: config.concurrency }, 'worker ready');
  return {
    stop: () =>
      stopWorker({ context, incarnation, shutdown, active, jobs, lease, isolated, ...doorbells, housekeepers }),
  };
}

/** What tells this worker of work, and of tasks to stop. */
function listen(
  { config, pool, redis, log }: WorkerContext,
  { active, jobs, lane }: { active: ActiveTasks; jobs: JobTracker; lane: IsolationLane },
  process: (taskId: TaskId) => Promise<void>,
): { idle: IdleClaimer; consumer: TaskConsumer } {
  const idle = startIdleClaimer({
    pool,
    offerer: createOfferer({ pool, random: Math.random }),
    busy: () => jobs.size,
    aside: () => lane.waiting,
    capacity: config.concurrency,
    log,
    process: (taskId) => void process(taskId),
  });
  const consumer = startTaskConsumer({
    redisUrl: config.redis.url,
    prefix: config.redis.prefix,
    concurrency: config.concurrency,
    log,
    process(taskId) {
      idle.noteJob();
      return process(taskId);
    },
  });
  onCancel(redis, (taskId) => active.get(taskId)?.stop(new CancelRequestedError('cancel requested')));
  return { idle, consumer };
}
