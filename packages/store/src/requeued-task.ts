import { fromUuid, type TaskId } from '@nightshift/domain';
import type { EventRow } from './event-row.ts';

/** A task that was taken back from an owner that is gone. */
export interface RequeuedTask {
  taskId: TaskId;
  /** Deaths of processes while they ran the task, since its last settled step. */
  suspicion: number;
  /** Those of a process that ran nothing else, and all of them, in this run. */
  guilt: number;
  deaths: number;
  /** What was logged, to be published; undefined when the task is queued at once. */
  events: EventRow | undefined;
}

export interface RequeuedRow {
  id: string;
  /** Null: the task was not requeued. */
  suspicion: number | null;
  guilt: number | null;
  deaths: number | null;
  seq: number | null;
  payload: string | null;
}

/** Undefined when the row says that the task was not requeued. */
export function toRequeuedTask(row: RequeuedRow): RequeuedTask | undefined {
  const taskId = fromUuid('task', row.id);
  const { suspicion, guilt, deaths, seq, payload } = row;
  if (suspicion === null || guilt === null || deaths === null) return undefined;
  const events =
    seq === null || payload === null
      ? undefined
      : { taskId, firstSeq: seq, lastSeq: seq, types: ['task.waiting'], visibility: 'u', payload };
  return { taskId, suspicion, guilt, deaths, events };
}
