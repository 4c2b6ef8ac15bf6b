import { cancelTasks } from './cancel-tasks.ts';
import { claimTasks } from './claim-tasks.ts';
import { flushTasks } from './flush-tasks.ts';
import { findIdempotentAnswer, insertTask } from './insert-task.ts';
import { expireDueTasks, releaseTasks, wakeDueTasks } from './move-tasks.ts';
import {
  chooseTasks,
  countSubmitOffers,
  findLapsedOffers,
  findOfferedTasks,
  findTaskHead,
  offerTasks,
  readDroppedUsage,
  readEvents,
  readLogPage,
  readSignals,
  readSteps,
  readTails,
} from './read-tables.ts';
import { replayTask } from './replay-task.ts';
import { requeueOrphans } from './requeue-tasks.ts';
import type { Statement } from './tables.ts';
import {
  buryChildren,
  buryWorkers,
  endWorker,
  findWorkerLocks,
  registerWorker,
  renewLease,
  resignLeadership,
  takeLeadership,
} from './watch-workers.ts';

/** The statements the model knows, by the names under which packages/store sends them. */
export const STATEMENTS: ReadonlyMap<string, Statement> = new Map<string, Statement>([
  ['insert-task', insertTask],
  ['find-idempotent-answer', findIdempotentAnswer],
  ['claim-tasks', claimTasks],
  ['flush-tasks', flushTasks],
  ['cancel-tasks', cancelTasks],
  ['replay-task', replayTask],
  ['release-tasks', releaseTasks],
  ['requeue-orphans', requeueOrphans],
  ['wake-due-tasks', wakeDueTasks],
  ['expire-due-tasks', expireDueTasks],
  ['choose-tasks', chooseTasks],
  ['find-offered-tasks', findOfferedTasks],
  ['find-lapsed-offers', findLapsedOffers],
  ['count-submit-offers', countSubmitOffers],
  ['offer-tasks', offerTasks],
  ['read-steps', readSteps],
  ['read-dropped-usage', readDroppedUsage],
  ['read-signals', readSignals],
  ['read-events', readEvents],
  ['read-log-page', readLogPage],
  ['read-tails', readTails],
  ['find-task-head', findTaskHead],
  ['register-worker', registerWorker],
  ['renew-lease', renewLease],
  ['end-worker', endWorker],
  ['find-worker-locks', findWorkerLocks],
  ['bury-workers', buryWorkers],
  ['bury-children', buryChildren],
  ['take-leadership', takeLeadership],
  ['resign-leadership', resignLeadership],
]);
