export type { EventRow } from './event-row.ts';
export { inTransaction } from './in-transaction.ts';
export { assertSchema, type Migration, migrate, readMigrations } from './migrate.ts';
export { openPool, type Pool, type PoolOptions, type Queryable, toClientConfig } from './open-pool.ts';
export { openSession, type Session } from './open-session.ts';
export { buryWorkers } from './queries/bury-workers.ts';
export { type ClaimedTask, claimTasks } from './queries/claim-tasks.ts';
export { type Delivery, dispatchDueTasks } from './queries/dispatch-due-tasks.ts';
export { endWorker } from './queries/end-worker.ts';
export { expireDueTasks } from './queries/expire-due-tasks.ts';
export { type ApiKey, findApiKey } from './queries/find-api-key.ts';
export { findQueuedTasks } from './queries/find-queued-tasks.ts';
export { findWorkerLocks, type WorkerVitals } from './queries/find-worker-locks.ts';
export {
  type ArtifactRow,
  type DeadLetterReason,
  type FlushAnswer,
  type FlushVerdict,
  flushTasks,
  type Settlement,
  type TaskFlush,
} from './queries/flush-tasks.ts';
export { measureQueue, type QueueMeasure } from './queries/measure-queue.ts';
export { readEvents } from './queries/read-events.ts';
export { type JournaledStep, readSteps } from './queries/read-steps.ts';
export { readTails, type Tail } from './queries/read-tails.ts';
export { registerWorker, type WorkerRegistration } from './queries/register-worker.ts';
export { releaseTasks } from './queries/release-tasks.ts';
export { type OwnedTask, renewLease } from './queries/renew-lease.ts';
export { type Orphan, requeueOrphans } from './queries/requeue-orphans.ts';
export { wakeDueTasks } from './queries/wake-due-tasks.ts';
export { isTransient, runQuery, type Statement } from './run-query.ts';
export type { StepKind, StepRow, StepStatus } from './step-row.ts';
