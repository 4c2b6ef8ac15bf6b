import type { TaskFailure, TaskStatus } from './task-view.ts';

/** What became of a task that has ended. */
export interface TaskResult {
  readonly id: string;
  readonly customId: string;
  readonly status: TaskStatus;
  /** As the agent gave it. */
  readonly result: unknown;
  readonly failure: TaskFailure | undefined;
  /** The artifact with the spoken brief. */
  readonly audioId: string | undefined;
}
