import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { CancelRequestedError } from '@nightshift/agent';
import { createOfferer } from '@nightshift/dispatch';
import { createId, type Incarnation, type TaskId } from '@nightshift/domain';
import { startTaskConsumer, type TaskConsumer } from '@nightshift/queue';
import { createSemaphore } from '@nightshift/resilience';
import { registerWorker } from '@nightshift/store';
import { onCancel } from '@nightshift/streams';
import { ActiveTasks } from './active-tasks.ts';
import { createClaimBatcher } from './claim-batcher.ts';
import type { WorkerContext } from './context.ts';
import { type IdleClaimer, startIdleClaimer } from './idle-claimer.ts';
import { JobTracker } from './job-tracker.ts';
import { keepLease } from './lease.ts';
import { type JobDeps, processJob } from './process-job.ts';
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
  const { incarnation, registeredAt } = await register(context);
  const shutdown = new AbortController();
  const active = new ActiveTasks();
  const claims = createClaimBatcher({ pool, incarnation, workerName: config.name });
  const jobs = new JobTracker();
  const jobDeps: JobDeps = {
    agent: context.agent,
    claims,
    active,
    slots: createSemaphore(config.concurrency),
    flusher: context.flusher,
    publisher: context.publisher,
    shutdown: shutdown.signal,
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
  const doorbells = listen(context, active, jobs, (taskId) => jobs.track(processJob(jobDeps, taskId)));
  const housekeepers = startHousekeepers(context, incarnation);
  log.info({ worker_id: incarnation, concurrency: config.concurrency }, 'worker ready');
  return {
    stop: () => stopWorker({ context, incarnation, shutdown, active, jobs, lease, ...doorbells, housekeepers }),
  };
}

async function register(context: WorkerContext): Promise<{ incarnation: Incarnation; registeredAt: number }> {
  const { config, leasePool, session, version } = context;
  const incarnation = createId('worker');
  const lockKey = randomBytes(8).readBigInt64BE();
  await session.hold(lockKey);
  const registeredAt = performance.now();
  await registerWorker(leasePool, {
    incarnation,
    name: config.name,
    host: os.hostname(),
    pid: process.pid,
    version,
    capacity: config.concurrency,
    lockKey,
    leaseMs: config.leaseMs,
  });
  return { incarnation, registeredAt };
}

/** What tells this worker of work, and of tasks to stop. */
function listen(
  { config, pool, redis, log }: WorkerContext,
  active: ActiveTasks,
  jobs: JobTracker,
  process: (taskId: TaskId) => Promise<void>,
): { idle: IdleClaimer; consumer: TaskConsumer } {
  const idle = startIdleClaimer({
    pool,
    offerer: createOfferer({ pool, random: Math.random }),
    busy: () => jobs.size,
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
