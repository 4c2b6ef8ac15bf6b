import { ActiveTasks } from '../../../apps/worker/src/active-tasks.ts';
import { createClaimBatcher } from '../../../apps/worker/src/claim-batcher.ts';
import { keepLease } from '../../../apps/worker/src/lease.ts';
import { processJob } from '../../../apps/worker/src/process-job.ts';
import type { TaskId } from '../../../packages/domain/src/index.ts';
import { createFlusher, createPublisher } from '../../../packages/eventlog/src/index.ts';
import { createSemaphore } from '../../../packages/resilience/src/index.ts';
import { endWorker } from '../../../packages/store/src/index.ts';
import { registerSimProcess } from './register-sim-process.ts';
import { createSimAgent } from './sim-agent.ts';
import { SimProcess } from './sim-process.ts';
import { LEASE_MS, QUERY_TIMEOUT_MS } from './timing.ts';
import type { World } from './world.ts';

const LOOK_MS = 20;

/**
 * A suspect in a process of its own, wired as start-isolated-worker.ts does. It is registered like any worker: who is
 * guilty of its death, which a parent reports, is not part of the simulated world. Resolves when the child is gone.
 */
export async function runSimChild(world: World, parent: SimProcess, taskId: TaskId): Promise<void> {
  const child = new SimProcess(`${parent.name}.child`);
  world.children.push(child);
  world.time.enter(child, () => {
    run(world, child, taskId)
      .catch(() => undefined)
      .finally(() => child.crash());
  });
  while (!child.isDead) await world.time.sleep(LOOK_MS, '');
}

async function run(world: World, child: SimProcess, taskId: TaskId): Promise<void> {
  const { database, log, metrics, dice } = world;
  const pool = database.openPool(QUERY_TIMEOUT_MS);
  const { incarnation, registeredAt } = await registerSimProcess(world, child, { pool, capacity: 0 });
  const redis = world.redis.connect(child);
  const publisher = createPublisher({ db: pool, redis, log, metrics });
  const flusher = createFlusher({ pool, publisher, log, metrics });
  const active = new ActiveTasks();
  const claims = createClaimBatcher({ pool, incarnation, workerName: child.name, isShared: false });
  const onLost = () => {
    flusher.fenceAll();
    setTimeout(() => child.crash(), dice.between(0, 50));
  };
  const lease = keepLease({ pool, incarnation, leaseMs: LEASE_MS, registeredAt, active, claims, log, onLost });
  const shutdown = new AbortController().signal;
  const agent = createSimAgent(world, active, pool);
  const slots = createSemaphore(1);
  await processJob({ agent, claims, active, slots, flusher, publisher, shutdown, isAlone: true }, taskId);
  lease.stop();
  flusher.fenceAll();
  await endWorker(pool, incarnation);
}
