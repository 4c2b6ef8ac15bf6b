import { ActiveTasks } from '../../../apps/worker/src/active-tasks.ts';
import { createClaimBatcher } from '../../../apps/worker/src/claim-batcher.ts';
import { type IdleClaimer, startIdleClaimer } from '../../../apps/worker/src/idle-claimer.ts';
import { createDispatcher, createOfferer, startHousekeeping } from '../../../packages/dispatch/src/index.ts';
import { type TaskId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import { startTaskConsumer, type TaskQueue } from '../../../packages/queue/src/index.ts';
import type { ClaimedTask, Pool } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import type { DispatchFixture } from './dispatch-fixture.ts';

/** What the workers themselves saw: the database is not asked. */
export interface Start {
  taskId: TaskId;
  tenantId: TenantId;
  epoch: number;
  at: number;
}

export interface SmallFleet {
  readonly starts: Start[];
  /** The most tasks of the tenant that ran at one moment. */
  mostAtOnce(tenantId: TenantId): number;
  stop(): Promise<void>;
}

const log = createSilentLogger();

interface FleetOptions {
  workers: number;
  capacity: number;
  taskMs: number;
  redisUrl: string;
  prefix: string;
  /** Where the leader adds its jobs; undefined: nobody leads. */
  queue: TaskQueue | undefined;
}

/**
 * Workers that consume jobs, look for themselves and claim as the real ones do, and whose tasks do nothing for a while
 * and complete; with a dispatcher that leads, or with none.
 */
export async function startSmallFleet(fixture: DispatchFixture, options: FleetOptions): Promise<SmallFleet> {
  const { pool } = fixture;
  const starts: Start[] = [];
  const running = new Map<TenantId, number>();
  const most = new Map<TenantId, number>();
  const stops: (() => unknown)[] = [];

  async function play(task: ClaimedTask): Promise<void> {
    const { taskId, tenantId, epoch } = task;
    starts.push({ taskId, tenantId, epoch, at: performance.now() });
    const now = (running.get(tenantId) ?? 0) + 1;
    running.set(tenantId, now);
    most.set(tenantId, Math.max(now, most.get(tenantId) ?? 0));
    await new Promise((resolve) => setTimeout(resolve, options.taskMs));
    running.set(tenantId, (running.get(tenantId) ?? 0) - 1);
    await complete(pool, task);
  }

  if (options.queue) {
    const offerer = createOfferer({ pool, random: Math.random });
    const dispatcher = createDispatcher({ pool, queue: options.queue, offerer });
    const housekeeping = startHousekeeping({ housekeepers: [dispatcher], leads: () => true, log });
    stops.push(() => housekeeping.stop());
  }
  for (let n = 0; n < options.workers; n++) stops.push(await startSmallWorker(fixture, options, play));
  return {
    starts,
    mostAtOnce: (tenantId) => most.get(tenantId) ?? 0,
    async stop() {
      for (const stop of stops) await stop();
    },
  };
}

/** Returns what stops it, when nothing runs there any more. */
async function startSmallWorker(
  fixture: DispatchFixture,
  options: FleetOptions,
  play: (task: ClaimedTask) => Promise<void>,
): Promise<() => Promise<void>> {
  const { pool } = fixture;
  const { capacity } = options;
  const incarnation = await fixture.startFakeWorker(600_000, capacity);
  const claims = createClaimBatcher({ pool, incarnation, workerName: 'small' });
  const active = new ActiveTasks();
  let isStopped = false;
  const process = async (taskId: TaskId) => {
    if (isStopped || active.size >= capacity) return;
    const entry = { taskId, epoch: 0, stop: () => undefined };
    active.add(entry);
    const task = await claims.claim(taskId).catch(() => undefined);
    if (task && task !== 'suspect') await play(task);
    active.remove(entry);
  };
  const idle: IdleClaimer = startIdleClaimer({
    pool,
    offerer: createOfferer({ pool, random: Math.random }),
    busy: () => active.size,
    capacity,
    log,
    process: (taskId) => void process(taskId),
  });
  const consumer = startTaskConsumer({
    redisUrl: options.redisUrl,
    prefix: options.prefix,
    concurrency: capacity,
    log,
    process(taskId) {
      idle.noteJob();
      return process(taskId);
    },
  });
  return async () => {
    isStopped = true;
    idle.stop();
    await consumer.close();
    await eventually('nothing runs', () => active.size === 0);
  };
}

async function complete(pool: Pool, { taskId, epoch }: ClaimedTask): Promise<void> {
  await pool.query(
    `with head as (
       update task_heads set status = 'completed' where task_id = $1 and epoch = $2 and status = 'running'
       returning task_id
     )
     update tasks set incarnation = null, finished_at = now() from head where id = head.task_id`,
    [toUuid(taskId), epoch],
  );
}
