import { createId, type Incarnation, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import {
  claimTasks,
  openPool,
  openSession,
  type Pool,
  registerWorker,
  type Session,
} from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createLockKey } from '../../support/register-test-worker.ts';
import { createTestDatabase } from '../../support/test-database.ts';

/** A database with workers that hold their session locks as processes do. */
export interface DispatchFixture {
  pool: Pool;
  startFakeWorker(leaseMs?: number, capacity?: number): Promise<Incarnation>;
  /** As `kill -9` does: the connection is gone, the row says alive. */
  killFakeWorker(incarnation: Incarnation): Promise<void>;
  /** A new task that this worker runs. */
  claimNew(incarnation: Incarnation): Promise<TaskId>;
  stateOf(taskId: TaskId | undefined): Promise<{ status: string; suspicion: number } | undefined>;
  /** Ends the workers and empties the tables. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createDispatchFixture(): Promise<DispatchFixture> {
  const log = createSilentLogger();
  const database = await createTestDatabase();
  const pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 6, log });
  const sessions = new Map<Incarnation, Session>();

  async function reset(): Promise<void> {
    await Promise.all([...sessions.values()].map((session) => session.close()));
    sessions.clear();
    await pool.query('truncate tasks, task_heads, task_events, batches, tenant_queues, workers, leadership cascade');
  }

  return {
    pool,
    async startFakeWorker(leaseMs = 60_000, capacity = 10) {
      const incarnation = createId('worker');
      const lockKey = createLockKey();
      const session = openSession({ databaseUrl: database.url, applicationName: 'presence', log });
      await session.hold(lockKey);
      sessions.set(incarnation, session);
      await registerWorker(pool, {
        incarnation,
        name: 'w',
        host: 'h',
        pid: 1,
        version: '0',
        capacity,
        lockKey,
        leaseMs,
      });
      return incarnation;
    },
    async killFakeWorker(incarnation) {
      await sessions.get(incarnation)?.close();
      sessions.delete(incarnation);
    },
    async claimNew(incarnation) {
      const { taskId } = await insertQueuedTask(pool);
      const claimed = await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'w' });
      if (claimed.length !== 1) throw new Error('not claimed');
      return taskId;
    },
    async stateOf(taskId) {
      const { rows } = await pool.query<{ status: string; suspicion: number }>(
        'select h.status, t.suspicion from tasks t join task_heads h on h.task_id = t.id where t.id = $1',
        [taskId && toUuid(taskId)],
      );
      return rows[0];
    },
    reset,
    async close() {
      await reset();
      await pool.end();
      await database.drop();
    },
  };
}
