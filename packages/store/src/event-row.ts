import type { TaskId } from '@nightshift/domain';

/** A row of task_events: the events one flush wrote for one task, in order. */
export interface EventRow {
  taskId: TaskId;
  firstSeq: number;
  lastSeq: number;
  /** One type per event. */
  types: string[];
  /** One character per event: `u` for everybody, `d` for developers. */
  visibility: string;
  /** One JSON text per event, joined by newlines, without sequence numbers: `firstSeq` gives them. */
  payload: string;
}
