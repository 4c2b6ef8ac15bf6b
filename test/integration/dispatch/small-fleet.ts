import { ActiveTasks } from '../../../apps/worker/src/active-tasks.ts';
import { createClaimBatcher } from '../../../apps/worker/src/claim-batcher.ts';
import { type IdleClaimer, startIdleClaimer } from '../../../apps/worker/src/idle-claimer.ts';
import { createDispatcher, createOfferer, startHousekeeping } from '../../../packages/dispatch/src/index.ts';
import { type TaskId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import { startTaskConsumer, type TaskQueue } from '../../../packages/queue/src/index.ts';
import type { ClaimedTask } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
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

/**
 * Workers that consume jobs, look for themselves and claim as the real ones do, and whose tasks do nothing for a while
 * and complete; with a dispatcher that leads, or with none.
 */
export async function startSmallFleet(
  fixture: DispatchFixture,
  options: {
    workers: number;
    capacity: number;
    taskMs: number;
    redisUrl: string;
    prefix: string;
    /** Where the leader adds its jobs; undefined: nobody leads. */
    queue: TaskQueue | undefined;
  },
): Promise<SmallFleet> {
  const { pool } = fixture;
  const starts: Start[] = [];
  const running = new Map<TenantId, number>();
  const most = new Map<TenantId, number>();
  const stops: (() => unknown)[] = [];
  let isStopped = false;

  async function play(task: ClaimedTask): Promise<void> {
    const { taskId, tenantId, epoch } = task;
    starts.push({ taskId, tenantId, epoch, at: performance.now() });
    const now = (running.get(tenantId) ?? 0) + 1;
    running.set(tenantId, now);
    most.set(tenantId, Math.max(now, most.get(tenantId) ?? 0));
    await new Promise((resolve) => setTimeout(resolve, options.taskMs));
    running.set(tenantId, (running.get(tenantId) ?? 0) - 1);
    await pool.query(
      `with head as (
         update task_heads set status = 'completed' where task_id = $1 and epoch = $2 and status = 'running'
         returning task_id
       )
       update tasks set incarnation = null, finished_at = now() from head where id = head.task_id`,
      [toUuid(taskId), epoch],
    );
  }

  for (let n = 0; n < options.workers; n++) {
    const incarnation = await fixture.startFakeWorker(600_000, options.capacity);
    const claims = createClaimBatcher({ pool, incarnation, workerName: `w${n}` });
    const active = new ActiveTasks();
    const process = async (taskId: TaskId) => {
      if (isStopped || active.size >= options.capacity) return;
      const entry = { taskId, epoch: 0, stop: () => undefined };
      active.add(entry);
      const task = await claims.claim(taskId).catch(() => undefined);
      if (task) await play(task);
      active.remove(entry);
    };
    const idle: IdleClaimer = startIdleClaimer({
      pool,
      offerer: createOfferer({ pool, random: Math.random }),
      active,
      capacity: options.capacity,
      log,
      process: (taskId) => void process(taskId),
    });
    const consumer = startTaskConsumer({
      redisUrl: options.redisUrl,
      prefix: options.prefix,
      concurrency: options.capacity,
      log,
      process(taskId) {
        idle.noteJob();
        return process(taskId);
      },
    });
    stops.push(
      () => idle.stop(),
      () => consumer.close(),
    );
  }
  if (options.queue) {
    const offerer = createOfferer({ pool, random: Math.random });
    const dispatcher = createDispatcher({ pool, queue: options.queue, offerer });
    const housekeeping = startHousekeeping({ housekeepers: [dispatcher], leads: () => true, log });
    stops.unshift(() => housekeeping.stop());
  }
  return {
    starts,
    mostAtOnce: (tenantId) => most.get(tenantId) ?? 0,
    async stop() {
      isStopped = true;
      for (const stop of stops) await stop();
      while ([...running.values()].some((count) => count > 0)) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}
