export { dumpSchema } from './dump-schema.ts';
export type { EventRow } from './event-row.ts';
export { inTransaction } from './in-transaction.ts';
export { assertSchema, type Migration, migrate, readMigrations } from './migrate.ts';
export { openPool, type Pool, type PoolOptions, type Queryable, toClientConfig } from './open-pool.ts';
export { openSession, type Session } from './open-session.ts';
export { openTransaction, type Transaction } from './open-transaction.ts';
export type { Page, PageRequest } from './page.ts';
export { buryChildren } from './queries/bury-children.ts';
export { buryWorkers } from './queries/bury-workers.ts';
export { type CancelAnswer, type CancelRequest, cancelTasks } from './queries/cancel-tasks.ts';
export { type ClaimAnswer, type ClaimedTask, claimTasks, tryClaimTasks } from './queries/claim-tasks.ts';
export { countSubmitOffers } from './queries/count-submit-offers.ts';
export { deleteEndedWorkers } from './queries/delete-ended-workers.ts';
export { deleteFile } from './queries/delete-file.ts';
export { deleteOldFiles } from './queries/delete-old-files.ts';
export { deleteOldKeys } from './queries/delete-old-keys.ts';
export { deletePurgedRows } from './queries/delete-purged-rows.ts';
export { type ChildEnd, endChildWorker } from './queries/end-child-worker.ts';
export { endWorker } from './queries/end-worker.ts';
export { expireDueTasks } from './queries/expire-due-tasks.ts';
export { type ApiKey, findApiKey } from './queries/find-api-key.ts';
export { findArtifact, type StoredArtifact } from './queries/find-artifact.ts';
export { type BacklogCursor, type BacklogFlow, findBacklog } from './queries/find-backlog.ts';
export { type BatchRow, findBatch } from './queries/find-batch.ts';
export { findCancellableTasks } from './queries/find-cancellable-tasks.ts';
export { type DeadLetter, type DeadLetterStatus, findDeadLetter } from './queries/find-dead-letter.ts';
export { findFile, type StoredFile } from './queries/find-file.ts';
export { type EndingFlaw, type EndingPlace, findFlawedEndings } from './queries/find-flawed-endings.ts';
export { type FlawedTask, findFlawedTasks, type TaskFlaw } from './queries/find-flawed-tasks.ts';
export { findIdempotentAnswer, type StoredAnswer } from './queries/find-idempotent-answer.ts';
export { findLapsedOffers } from './queries/find-lapsed-offers.ts';
export { findLiveUploads } from './queries/find-live-uploads.ts';
export { findOfferedTasks } from './queries/find-offered-tasks.ts';
export { findReadyFileIds } from './queries/find-ready-file-ids.ts';
export { findSigningKey } from './queries/find-signing-key.ts';
export { findTask } from './queries/find-task.ts';
export { findTaskHead, type TaskHead } from './queries/find-task-head.ts';
export { findUnwantedArtifacts, type UnwantedArtifact } from './queries/find-unwanted-artifacts.ts';
export { findUnwantedFiles, type UnwantedFile } from './queries/find-unwanted-files.ts';
export { findWorkerLocks, type WorkerVitals } from './queries/find-worker-locks.ts';
export { finishFile } from './queries/finish-file.ts';
export {
  type ArtifactRow,
  type DeadLetterReason,
  type FlushAnswer,
  type FlushVerdict,
  flushTasks,
  type Settlement,
  type TaskFlush,
} from './queries/flush-tasks.ts';
export { giveUpUploads } from './queries/give-up-uploads.ts';
export { insertBatch, type NewBatch } from './queries/insert-batch.ts';
export { insertFile } from './queries/insert-file.ts';
export { type IdempotentAnswer, type InsertedTask, insertTask, type NewTask } from './queries/insert-task.ts';
export { listArtifacts } from './queries/list-artifacts.ts';
export { listBatchTasks } from './queries/list-batch-tasks.ts';
export { listBatches } from './queries/list-batches.ts';
export { type DeadLetterFilter, listDeadLetters } from './queries/list-dead-letters.ts';
export { listFiles } from './queries/list-files.ts';
export { listSteps, type StepPlace, type StepSummary } from './queries/list-steps.ts';
export { listTasks, type TaskFilter } from './queries/list-tasks.ts';
export { lockOffers } from './queries/lock-offers.ts';
export { logMissingEndings } from './queries/log-missing-endings.ts';
export { markArtifactsDiscarded } from './queries/mark-artifacts-discarded.ts';
export { markFilesDiscarded } from './queries/mark-files-discarded.ts';
export { markPurgedTasks } from './queries/mark-purged-tasks.ts';
export { measureQueue, type QueueMeasure } from './queries/measure-queue.ts';
export { type Delivery, offerTasks } from './queries/offer-tasks.ts';
export { mendTasks } from './queries/mend-tasks.ts';
export { ping } from './queries/ping.ts';
export { readEvents } from './queries/read-events.ts';
export { type LogPage, readLogPage } from './queries/read-log-page.ts';
export { type JournaledStep, readSteps } from './queries/read-steps.ts';
export { readTails, type Tail } from './queries/read-tails.ts';
export { registerWorker, type WorkerRegistration } from './queries/register-worker.ts';
export { releaseTasks } from './queries/release-tasks.ts';
export { type OwnedTask, renewLease } from './queries/renew-lease.ts';
export { type ReplayAnswer, type ReplayRequest, replayTask } from './queries/replay-task.ts';
export { requestBatchCancel } from './queries/request-batch-cancel.ts';
export { requeueOrphans } from './queries/requeue-orphans.ts';
export { resignLeadership } from './queries/resign-leadership.ts';
export { settleCall } from './queries/settle-call.ts';
export { takeLeadership } from './queries/take-leadership.ts';
export { wakeDueTasks } from './queries/wake-due-tasks.ts';
export type { RequeuedTask } from './requeued-task.ts';
export { isTransient, runQuery, type Statement } from './run-query.ts';
export type { StepKind, StepRow, StepStatus } from './step-row.ts';
export type { TaskRow } from './task-row.ts';
