import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { CancelRequestedError, ShutdownError } from '@nightshift/agent';
import {
  createDispatcher,
  createExpirer,
  createQueueGauge,
  createRescuer,
  createWaker,
  startHousekeeping,
  startLeadership,
} from '@nightshift/dispatch';
import { createId } from '@nightshift/domain';
import { startTaskConsumer } from '@nightshift/queue';
import { createSemaphore } from '@nightshift/resilience';
import { endWorker, registerWorker } from '@nightshift/store';
import { onCancel } from '@nightshift/streams';
import { ActiveTasks } from './active-tasks.ts';
import { createClaimBatcher } from './claim-batcher.ts';
import type { WorkerContext } from './context.ts';
import { startIdleClaimer } from './idle-claimer.ts';
import { keepLease } from './lease.ts';
import { type JobDeps, processJob } from './process-job.ts';

/** After the grace is over, a step gets this long to notice its abort. */
const ABORT_GRACE_MS = 3_000;

export interface Worker {
  /** Finishes steps, hands tasks back, ends the incarnation. Costs no task an attempt. */
  stop(): Promise<void>;
}

/**
 * Starts a life of this process as a worker: lock first, then the row that names it, then work. `onLost` is called when
 * the lease is gone; by then every task was stopped, and the process should exit.
 */
export async function startWorker(context: WorkerContext, onLost: (why: string) => void): Promise<Worker> {
  const { config, pool, leasePool, log, metrics } = context;
  const incarnation = createId('worker');
  const lockKey = randomBytes(8).readBigInt64BE();
  await context.session.hold(lockKey);
  await registerWorker(leasePool, {
    incarnation,
    name: config.name,
    host: os.hostname(),
    pid: process.pid,
    version: context.version,
    capacity: config.concurrency,
    lockKey,
    leaseMs: config.leaseMs,
  });

  const shutdown = new AbortController();
  const active = new ActiveTasks();
  const claims = createClaimBatcher({ pool, incarnation, workerName: config.name });
  const jobs: JobDeps = {
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
    active,
    claims,
    log,
    onLost(why) {
      context.flusher.fenceAll();
      onLost(why);
    },
  });
  const idle = startIdleClaimer({
    pool,
    active,
    capacity: config.concurrency,
    log,
    process: (taskId) => void processJob(jobs, taskId),
  });
  const consumer = startTaskConsumer({
    redisUrl: config.redis.url,
    prefix: config.redis.prefix,
    concurrency: config.concurrency,
    log,
    process(taskId) {
      idle.noteJob();
      return processJob(jobs, taskId);
    },
  });
  onCancel(context.redis, (taskId) => active.get(taskId)?.stop(new CancelRequestedError('cancel requested')));
  const leadership = startLeadership({ pool: leasePool, incarnation, log });
  const housekeeping = startHousekeeping({
    housekeepers: [
      createDispatcher({ pool, queue: context.queue }),
      createRescuer({ pool: leasePool, log, metrics }),
      createWaker({ pool }),
      createExpirer({ pool, publish: (rows) => context.publisher.publish(rows) }),
      createQueueGauge({ pool, metrics }),
    ],
    leads: leadership.leads,
    log,
  });
  log.info({ worker_id: incarnation, concurrency: config.concurrency }, 'worker ready');

  return {
    async stop() {
      log.info({ tasks: active.size }, 'worker stops at step boundaries');
      shutdown.abort();
      idle.stop();
      leadership.stop();
      await Promise.all([consumer.pause(), housekeeping.stop()].map((step) => step.catch(() => undefined)));
      if (!(await active.drained(config.graceMs))) {
        active.stopAll(new ShutdownError('the grace is over'));
        await active.drained(ABORT_GRACE_MS);
      }
      lease.stop();
      await endWorker(leasePool, incarnation).catch(() => undefined);
      await consumer.close().catch(() => undefined);
    },
  };
}
