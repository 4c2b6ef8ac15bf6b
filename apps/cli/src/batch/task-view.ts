/** As in API.md 2. */
export const TASK_STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'expired'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

const OPEN_STATUSES: ReadonlySet<TaskStatus> = new Set(['queued', 'running', 'waiting']);

/** Whether the task has ended. */
export function isFinal(status: TaskStatus): boolean {
  return !OPEN_STATUSES.has(status);
}

/** What is told of a failed task. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
}

/** A task of a batch as the API answers it. */
export interface TaskView {
  readonly id: string;
  readonly customId: string;
  readonly status: TaskStatus;
  readonly waitingFor: string | undefined;
  readonly turn: number | undefined;
  /** The tool that runs or ran last in this turn. */
  readonly tool: string | undefined;
  readonly startedAtMs: number | undefined;
  readonly finishedAtMs: number | undefined;
  readonly failure: TaskFailure | undefined;
}
