import { ActiveTasks } from '../../../apps/worker/src/active-tasks.ts';
import { createClaimBatcher } from '../../../apps/worker/src/claim-batcher.ts';
import type { WorkerContext } from '../../../apps/worker/src/context.ts';
import { startIdleClaimer } from '../../../apps/worker/src/idle-claimer.ts';
import { createIsolationLane } from '../../../apps/worker/src/isolation/isolation-lane.ts';
import { JobTracker } from '../../../apps/worker/src/job-tracker.ts';
import { keepLease } from '../../../apps/worker/src/lease.ts';
import { type JobDeps, processJob } from '../../../apps/worker/src/process-job.ts';
import { stopWorker } from '../../../apps/worker/src/stop-worker.ts';
import { type AgentDeps, CancelRequestedError } from '../../../packages/agent/src/index.ts';
import {
  createDispatcher,
  createExpirer,
  createRescuer,
  createWaker,
  startHousekeeping,
  startLeadership,
} from '../../../packages/dispatch/src/index.ts';
import type { Incarnation, TaskId } from '../../../packages/domain/src/index.ts';
import { createFlusher, createPublisher } from '../../../packages/eventlog/src/index.ts';
import { createSemaphore } from '../../../packages/resilience/src/index.ts';
import { onCancel } from '../../../packages/streams/src/index.ts';
import { registerSimProcess } from './register-sim-process.ts';
import { createSimAgent } from './sim-agent.ts';
import { runSimChild } from './sim-child.ts';
import { createSimOfferer } from './sim-offerer.ts';
import { SimProcess } from './sim-process.ts';
import { LEASE_MS, LEASE_QUERY_TIMEOUT_MS, QUERY_TIMEOUT_MS } from './timing.ts';
import type { World } from './world.ts';

const CAPACITY = 3;
const START_RETRY_MS = 500;
const GRACE_MS = 1_000;

/** A worker process. What it is made of is the product's own code; only what startWorker opens is of the simulated world. */
export interface SimWorker {
  readonly process: SimProcess;
  /** As SIGTERM does; the process ends some time after. */
  stop(): void;
}

export function startSimWorker(world: World, name: string): SimWorker {
  const process = new SimProcess(name);
  const started: { stop?: () => void } = {};
  const start = () => {
    run(world, process).then(
      (stop) => {
        started.stop = stop;
      },
      () => setTimeout(start, START_RETRY_MS),
    );
  };
  world.time.enter(process, start);
  return { process, stop: () => world.time.enter(process, () => started.stop?.()) };
}

/** The same wiring as apps/worker/src/start-worker.ts and start-housekeepers.ts. Returns what begins a graceful stop. */
async function run(world: World, process: SimProcess): Promise<() => void> {
  const { database, log, metrics, queue } = world;
  const pool = database.openPool(QUERY_TIMEOUT_MS);
  const leasePool = database.openPool(LEASE_QUERY_TIMEOUT_MS);
  const life = await registerSimProcess(world, process, { pool: leasePool, capacity: CAPACITY });
  const { incarnation } = life;
  const redis = world.redis.connect(process);
  const publisher = createPublisher({ db: pool, redis, log, metrics });
  const flusher = createFlusher({ pool, publisher, log, metrics });
  const active = new ActiveTasks();
  const claims = createClaimBatcher({ pool, incarnation, workerName: process.name, isShared: true });
  const jobs = new JobTracker();
  const shutdown = new AbortController();
  const slots = createSemaphore(CAPACITY);
  const lane = createIsolationLane({
    maxChildren: 2,
    slots,
    shutdown: shutdown.signal,
    runChild: (taskId) => runSimChild(world, process, taskId),
    track: (work) => jobs.track(work),
  });
  const agent = createSimAgent(world, active, pool);
  const jobDeps: JobDeps = { agent, claims, active, slots, lane, flusher, publisher, shutdown: shutdown.signal };
  const lease = keepLease({
    ...life,
    pool: leasePool,
    leaseMs: LEASE_MS,
    active,
    claims,
    log,
    onLost(why) {
      flusher.fenceAll();
      world.time.note(`${process.name}: ${why}`);
      setTimeout(() => world.endProcess(process), world.dice.between(0, 50)); // the exit of a process takes its time
    },
  });
  const take = (taskId: TaskId) => jobs.track(processJob(jobDeps, taskId));
  const offerer = createSimOfferer(pool);
  const look = { pool, offerer, busy: () => jobs.size, capacity: CAPACITY, log };
  const idle = startIdleClaimer({ ...look, process: (taskId) => world.weak.noReconciler || void take(taskId) });
  const consumer = {
    process,
    hasRoom: () => jobs.size < CAPACITY && !shutdown.signal.aborted,
    take(taskId: TaskId) {
      idle.noteJob();
      return take(taskId);
    },
  };
  queue.consume(consumer);
  onCancel(redis, (taskId) => active.get(taskId)?.stop(new CancelRequestedError('cancel requested')));
  const housekeepers = startHousekeepers(world, { pool, leasePool, incarnation, publish: publisher.publish });
  const context = { log, config: { graceMs: GRACE_MS }, flusher, leasePool } as unknown as WorkerContext;
  const leave = async () => queue.leave(consumer);
  const parts = { context, incarnation, shutdown, active, jobs, lease, idle, housekeepers };
  return () => {
    stopWorker({ ...parts, consumer: { pause: leave, close: leave } })
      .catch(() => undefined)
      .finally(() => world.endProcess(process));
  };
}

function startHousekeepers(
  world: World,
  deps: Pick<JobDeps['agent'], 'pool'> & {
    leasePool: AgentDeps['pool'];
    incarnation: Incarnation;
    publish: JobDeps['publisher']['publish'];
  },
): { stop(): Promise<void> } {
  const { log, metrics, weak } = world;
  const { pool, leasePool, incarnation } = deps;
  const leadership = startLeadership({ pool: leasePool, incarnation, log });
  const housekeeping = startHousekeeping({
    housekeepers: [
      ...(weak.noReconciler
        ? []
        : [createDispatcher({ pool, queue: world.queue.open(), offerer: createSimOfferer(pool) })]),
      ...(weak.noRescuer
        ? []
        : [createRescuer({ pool: leasePool, log, metrics, publish: (rows) => deps.publish(rows) })]),
      ...(weak.noWaker ? [] : [createWaker({ pool })]),
      createExpirer({ pool, publish: (rows) => deps.publish(rows) }),
    ],
    leads: leadership.leads,
    log,
  });
  return {
    async stop() {
      await Promise.all([leadership.stop(), housekeeping.stop()]);
    },
  };
}
