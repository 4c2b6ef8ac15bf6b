import { FailureError, toVisibilityMask } from '@nightshift/domain';
import { type EventRow, type FlushAnswer, flushTasks, type Pool, type TaskFlush } from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { WriteRefusedError } from './log-errors.ts';
import type { Publisher } from './publisher.ts';
import type { TaskLog } from './task-log.ts';
import { toTaskFlush } from './to-task-flush.ts';

export interface WriterDeps {
  readonly pool: Pool;
  readonly publisher: Publisher;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * Writes what the logs have in flight, as one statement, and tells each log what became of it. A value that Postgres
 * refuses must fail only the task it belongs to: the group is halved until that is found.
 * @returns false when some of it was not answered: its outcome is unknown, and it stays in flight to be sent again
 * unchanged
 */
export async function writeLogs(deps: WriterDeps, logs: readonly TaskLog[]): Promise<boolean> {
  if (logs.length === 0) return true;
  let flushes: TaskFlush[];
  let answers: FlushAnswer[];
  try {
    flushes = logs.map(toTaskFlush);
    answers = await flushTasks(deps.pool, flushes);
  } catch (error) {
    if (error instanceof FailureError) {
      deps.log.debug({ error: error.message }, 'flush not answered');
      return false;
    }
    const [log] = logs;
    if (log && logs.length === 1) {
      refuse(deps, log, error);
      return true;
    }
    const half = Math.ceil(logs.length / 2);
    const isFirstAnswered = await writeLogs(deps, logs.slice(0, half));
    return (await writeLogs(deps, logs.slice(half))) && isFirstAnswered;
  }
  applyAnswers(deps, logs, flushes, answers);
  return true;
}

function refuse(deps: WriterDeps, log: TaskLog, error: unknown): void {
  deps.log.error({ task_id: log.taskId, error: String(error) }, 'the database refuses a write of this task');
  const refused = new WriteRefusedError(`The database refused a write: ${String(error)}`, { cause: error });
  const entries = log.inFlight ?? [];
  log.inFlight = undefined;
  log.abort(refused);
  for (const entry of entries) entry.failed(refused);
}

function applyAnswers(
  deps: WriterDeps,
  logs: readonly TaskLog[],
  flushes: readonly TaskFlush[],
  answers: readonly FlushAnswer[],
): void {
  const rows: EventRow[] = [];
  for (const [index, log] of logs.entries()) {
    const flush = flushes[index];
    const answer = answers[index];
    if (!flush || !answer) continue;
    const isWritten = answer.verdict === 'ok' || answer.verdict === 'repeated';
    if (isWritten && flush.events.length > 0 && answer.firstSeq !== undefined) rows.push(toRow(flush, answer.firstSeq));
    if (log.inFlight) applyAnswer(deps, log, flush, answer); // else it was closed meanwhile
  }
  deps.publisher.publish(rows);
}

function applyAnswer(deps: WriterDeps, log: TaskLog, flush: TaskFlush, answer: FlushAnswer): void {
  if (answer.cancelRequested) log.noteCancelRequested();
  log.signalNo = Math.max(log.signalNo, answer.signalNo ?? 0);
  switch (answer.verdict) {
    case 'busy':
      break; // stays in flight
    case 'fenced':
      deps.metrics.fencedWrites.inc();
      deps.log.warn({ task_id: log.taskId, epoch: log.epoch }, 'fenced: the task belongs to somebody else');
      log.fence();
      break;
    case 'cancel_first':
    case 'signal_first':
      splitSettlement(log, answer.verdict);
      break;
    case 'ok':
    case 'repeated':
      accept(log, flush, answer.firstSeq);
      break;
    default:
      answer.verdict satisfies never;
  }
}

function accept(log: TaskLog, flush: TaskFlush, firstSeq: number | undefined): void {
  const entries = log.inFlight ?? [];
  log.inFlight = undefined;
  log.flushNo = flush.flushNo;
  if (firstSeq !== undefined) {
    log.lastSeq = firstSeq + flush.events.length - 1;
    if (typeof flush.openTurn === 'number') log.openTurnSeq = firstSeq + flush.openTurn;
  }
  if (flush.openTurn === null) log.openTurnSeq = undefined;
  for (const entry of entries) entry.settled('ok');
}

/** Something else came first: what belongs to finished steps is still written, the settlement itself is not. */
function splitSettlement(log: TaskLog, outcome: 'cancel_first' | 'signal_first'): void {
  const entries = log.inFlight ?? [];
  log.inFlight = undefined;
  const settlement = entries.find((entry) => entry.settlement);
  log.buffer.unshift(entries.filter((entry) => entry !== settlement));
  settlement?.settled(outcome);
}

function toRow(flush: TaskFlush, firstSeq: number): EventRow {
  return {
    taskId: flush.taskId,
    firstSeq,
    lastSeq: firstSeq + flush.events.length - 1,
    types: flush.events.map((event) => event.type),
    visibility: toVisibilityMask(flush.events),
    payload: flush.events.map((event) => event.line).join('\n'),
  };
}
