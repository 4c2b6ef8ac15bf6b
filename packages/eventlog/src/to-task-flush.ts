import type { TaskFlush } from '@nightshift/store';
import type { TaskLog } from './task-log.ts';

/**
 * What the next flush writes for a task: its in-flight entries folded into one. Called again for the same entries it
 * returns the same content under the same number, which is what makes a repeated flush harmless.
 */
export function toTaskFlush(log: TaskLog): TaskFlush {
  const entries = log.inFlight ?? [];
  const flush: TaskFlush = {
    taskId: log.taskId,
    epoch: log.epoch,
    flushNo: log.flushNo + 1,
    events: [],
    steps: [],
    artifacts: [],
  };
  for (const entry of entries) {
    if (entry.openTurn !== undefined) {
      flush.openTurn = entry.openTurn === null ? null : flush.events.length + entry.openTurn;
    }
    flush.events.push(...entry.events);
    flush.steps = mergeByKey(flush.steps, entry.steps, (step) => step.stepKey);
    flush.artifacts = mergeByKey(flush.artifacts, entry.artifacts, (row) => row.id);
    flush.progress = entry.progress ?? flush.progress;
    flush.agentVersion = entry.agentVersion ?? flush.agentVersion;
    flush.clearSuspicion = flush.clearSuspicion || entry.clearSuspicion;
    flush.settlement = entry.settlement ?? flush.settlement;
  }
  return flush;
}

/** One statement cannot write a row twice: of two writes of one row in a flush, the later one counts. */
function mergeByKey<T>(before: T[], added: readonly T[], keyOf: (row: T) => string): T[] {
  if (added.length === 0) return before;
  const keys = new Set(added.map(keyOf));
  return [...before.filter((row) => !keys.has(keyOf(row))), ...added];
}
