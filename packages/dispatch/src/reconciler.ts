import { assertNever, type TaskId } from '@nightshift/domain';
import {
  type EndingFlaw,
  type EndingPlace,
  type EventRow,
  type FlawedTask,
  findFlawedEndings,
  findFlawedTasks,
  logMissingEndings,
  mendTasks,
  type Pool,
  type TaskFlaw,
} from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { Housekeeper } from './housekeeper.ts';

const INTERVAL_MS = 1_000;
const MAX_TASKS_PER_PASS = 500;
/** An end may be committed after one that has a later time: the sweep of endings goes back by more than a statement lasts. */
const OVERLAP_MS = 5 * 60_000;
/** What cannot be mended is reported once, and again after so many others: memory of a leader stays small. */
const MAX_REPORTED = 1_000;

const FIRST_PLACE: EndingPlace = { finishedAt: new Date(0).toISOString(), taskId: 'task_00000000000000000000000000' };

type Flaw = TaskFlaw | EndingFlaw;

/**
 * Sweeps every task for what no other mechanism would move (I4), a page a pass: all that have not ended, again and again;
 * all that have, once, and then those that ended lately. None of it can arise from a crash, because every transition is
 * one statement; it can from an operator's hand, a restored table, a mistake of ours. What cannot be mended is logged
 * as an error with the task's id, and counted.
 */
export function createReconciler(deps: {
  pool: Pool;
  publish(rows: EventRow[]): void;
  log: Logger;
  metrics: Metrics;
}): Housekeeper {
  const { pool, log, metrics } = deps;
  const reported = new Set<string>();
  let after: TaskId | undefined;
  let afterEnding = FIRST_PLACE;

  async function sweepTasks(): Promise<void> {
    const page = await findFlawedTasks(pool, after, MAX_TASKS_PER_PASS);
    await treat(page.flawed);
    after = page.last;
  }

  async function sweepEndings(): Promise<void> {
    const page = await findFlawedEndings(pool, afterEnding, MAX_TASKS_PER_PASS);
    await treat(page.flawed);
    if (page.last && page.isFull) afterEnding = page.last;
    else if (page.last) afterEnding = { ...FIRST_PLACE, finishedAt: toEarlier(page.last.finishedAt) };
  }

  async function treat(flawed: readonly FlawedTask<Flaw>[]): Promise<void> {
    const toMend = flawed.filter(({ flaw }) => remedyOf(flaw) === 'mend');
    const toLog = flawed.filter(({ flaw }) => remedyOf(flaw) === 'log');
    if (toMend.length > 0) {
      const mended = new Set(await mendTasks(pool, idsOf(toMend)));
      for (const task of toMend) if (mended.has(task.taskId)) noteMended(task);
    }
    if (toLog.length > 0) {
      const rows = await logMissingEndings(pool, idsOf(toLog));
      deps.publish(rows);
      const logged = new Set(rows.map((row) => row.taskId));
      for (const task of toLog) if (logged.has(task.taskId)) noteMended(task);
    }
    for (const task of flawed) if (remedyOf(task.flaw) === 'none') report(task);
  }

  function noteMended({ taskId, flaw }: FlawedTask<Flaw>): void {
    metrics.tasksReconciled.inc({ flaw });
    log.warn({ task_id: taskId, flaw }, 'a task that nothing else would have moved is mended');
  }

  function report({ taskId, flaw }: FlawedTask<Flaw>): void {
    const key = `${taskId} ${flaw}`;
    if (reported.has(key)) return;
    if (reported.size >= MAX_REPORTED) reported.clear();
    reported.add(key);
    metrics.flawedTasks.inc({ flaw });
    log.error({ task_id: taskId, flaw }, 'a task is in a state that should not exist and cannot be mended');
  }

  return {
    name: 'reconciler',
    intervalMs: INTERVAL_MS,
    async runOnce() {
      await sweepTasks();
      await sweepEndings();
      return false;
    },
  };
}

/** mend: its columns can be made to fit. log: only its final event is missing. none: what is lost is lost. */
function remedyOf(flaw: Flaw): 'mend' | 'log' | 'none' {
  switch (flaw) {
    case 'not_dispatched':
    case 'not_owned':
    case 'never_woken':
    case 'not_ended':
    case 'stale_columns':
    case 'ended_alive':
      return 'mend';
    case 'no_final_event':
      return 'log';
    case 'no_head':
    case 'log_incomplete':
      return 'none';
    default:
      return assertNever(flaw, 'flaw');
  }
}

function toEarlier(finishedAt: string): string {
  return new Date(Date.parse(finishedAt) - OVERLAP_MS).toISOString();
}

function idsOf(tasks: readonly FlawedTask<Flaw>[]): TaskId[] {
  return tasks.map(({ taskId }) => taskId);
}
