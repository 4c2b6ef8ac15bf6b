import { FailureError, type TaskId, toVisibilityMask } from '@nightshift/domain';
import { type EventRow, type FlushAnswer, flushTasks, type Pool, type TaskFlush } from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import { WriteRefusedError } from './log-errors.ts';
import type { Publisher } from './publisher.ts';
import { TaskLog } from './task-log.ts';
import { toTaskFlush } from './to-task-flush.ts';

/** Only deltas linger: longer when the database is slower, never longer than a person notices. */
const MAX_LINGER_MS = 20;
const LINGER_PER_FLUSH_MS = 4;
/** A held head delays its task by this, not the others. */
const BUSY_RETRY_MS = 5;
const MIN_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 1_000;
const MAX_TASKS_PER_FLUSH = 200;

export interface Flusher {
  open(task: { taskId: TaskId; epoch: number; onCancelRequested: () => void }): TaskLog;
  /** Forgets a task whose epoch has ended. */
  close(log: TaskLog): void;
  /** The worker lost its lease: every open log is fenced, nothing more is written. */
  fenceAll(): void;
}

/**
 * The one writer of a worker process: a single statement at a time for all its tasks. The next flush starts when the last
 * one has returned; intents, results and settlements never wait for a timer.
 */
export function createFlusher(deps: { pool: Pool; publisher: Publisher; log: Logger; metrics: Metrics }): Flusher {
  const open = new Set<TaskLog>();
  const dirty = new Set<TaskLog>();
  let flushing = false;
  let immediate: NodeJS.Immediate | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lastFlushMs = 0;
  let backoffMs = 0;

  function schedule(urgent: boolean, delayMs = Math.min(MAX_LINGER_MS, lastFlushMs * LINGER_PER_FLUSH_MS)): void {
    if (flushing || immediate) return;
    if (urgent) {
      clearTimeout(timer);
      timer = undefined;
      immediate = setImmediate(run);
    } else {
      timer ??= setTimeout(run, delayMs);
    }
  }

  function run(): void {
    immediate = undefined;
    clearTimeout(timer);
    timer = undefined;
    flushing = true;
    flushDirty()
      .catch((error: unknown) => deps.log.error({ error: String(error) }, 'flush failed unexpectedly'))
      .finally(() => {
        flushing = false;
        if (dirty.size === 0) return;
        const waiting = [...dirty];
        if (backoffMs > 0) schedule(false, backoffMs);
        else if (waiting.some((log) => !log.inFlight && log.buffer.isUrgent)) schedule(true);
        else schedule(false, waiting.some((log) => log.inFlight) ? BUSY_RETRY_MS : undefined);
      });
  }

  async function flushDirty(): Promise<void> {
    const logs = [...dirty].slice(0, MAX_TASKS_PER_FLUSH);
    for (const log of logs) log.inFlight ??= log.buffer.take();
    const startedAt = performance.now();
    await flushLogs(logs.filter((log) => log.inFlight && log.inFlight.length > 0));
    lastFlushMs = performance.now() - startedAt;
    deps.metrics.flushDuration.observe(lastFlushMs / 1000);
    for (const log of logs) {
      dirty.delete(log);
      if (log.inFlight || !log.buffer.isEmpty)
        dirty.add(log); // behind the others: nobody starves
      else log.noteIdle();
    }
  }

  async function flushLogs(logs: TaskLog[]): Promise<void> {
    if (logs.length === 0) return;
    const flushes = logs.map(toTaskFlush);
    let answers: FlushAnswer[];
    try {
      answers = await flushTasks(deps.pool, flushes);
      backoffMs = 0;
    } catch (error) {
      if (error instanceof FailureError) return waitForDatabase(error);
      return refuse(logs, error);
    }
    apply(logs, flushes, answers);
  }

  /** The outcome is unknown: the same flushes go out again with the same numbers until they are answered. */
  function waitForDatabase(error: FailureError): void {
    if (backoffMs === 0) deps.log.warn({ error: error.message }, 'flush not answered; repeating');
    backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(MIN_BACKOFF_MS, backoffMs * 2));
  }

  /** A value that Postgres refuses must fail only the task it belongs to: the group is halved until that is found. */
  async function refuse(logs: TaskLog[], error: unknown): Promise<void> {
    if (logs.length > 1) {
      const half = Math.ceil(logs.length / 2);
      await flushLogs(logs.slice(0, half));
      await flushLogs(logs.slice(half));
      return;
    }
    const [log] = logs;
    if (!log) return;
    deps.log.error({ task_id: log.taskId, error: String(error) }, 'the database refuses a write of this task');
    const refused = new WriteRefusedError(`The database refused a write: ${String(error)}`, { cause: error });
    const entries = log.inFlight ?? [];
    log.inFlight = undefined;
    log.abort(refused);
    for (const entry of entries) entry.failed(refused);
  }

  function apply(logs: TaskLog[], flushes: TaskFlush[], answers: FlushAnswer[]): void {
    const byTask = new Map(answers.map((answer) => [answer.taskId, answer]));
    const rows: EventRow[] = [];
    logs.forEach((log, index) => {
      const answer = byTask.get(log.taskId);
      const flush = flushes[index];
      if (!answer || !flush || !log.inFlight) return;
      if (answer.cancelRequested) log.noteCancelRequested();
      switch (answer.verdict) {
        case 'busy':
          return;
        case 'fenced':
          deps.metrics.fencedWrites.inc();
          deps.log.warn({ task_id: log.taskId, epoch: log.epoch }, 'fenced: the task belongs to somebody else');
          log.fence();
          return;
        case 'cancel_first':
          return splitSettlement(log);
        case 'ok':
        case 'repeated':
          accept(log, flush, answer.firstSeq);
          if (answer.firstSeq !== undefined && flush.events.length > 0) rows.push(toRow(flush, answer.firstSeq));
      }
    });
    deps.publisher.publish(rows);
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

  /** A cancel came first: what belongs to finished steps is still written, the settlement itself is not. */
  function splitSettlement(log: TaskLog): void {
    const entries = log.inFlight ?? [];
    log.inFlight = undefined;
    const settlement = entries.find((entry) => entry.settlement);
    log.buffer.unshift(entries.filter((entry) => entry !== settlement));
    settlement?.settled('cancel_first');
  }

  return {
    open(task) {
      const log = new TaskLog({
        taskId: task.taskId,
        epoch: task.epoch,
        onCancelRequested: task.onCancelRequested,
        schedule(changed, urgent) {
          dirty.add(changed);
          schedule(urgent);
        },
      });
      open.add(log);
      return log;
    },
    close(log) {
      open.delete(log);
      dirty.delete(log);
      log.fence();
    },
    fenceAll() {
      for (const log of open) log.fence();
      dirty.clear();
    },
  };
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
