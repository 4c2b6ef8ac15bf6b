import type { TaskId } from '@nightshift/domain';

export interface ActiveTask {
  readonly taskId: TaskId;
  readonly epoch: number;
  /** Tells the task to stop now; the reason says why. */
  stop(reason: Error): void;
}

/** The tasks this process runs now. */
export class ActiveTasks {
  readonly #tasks = new Map<TaskId, ActiveTask>();

  get size(): number {
    return this.#tasks.size;
  }

  get(taskId: TaskId): ActiveTask | undefined {
    return this.#tasks.get(taskId);
  }

  add(task: ActiveTask): void {
    this.#tasks.set(task.taskId, task);
  }

  remove(task: ActiveTask): void {
    if (this.#tasks.get(task.taskId) === task) this.#tasks.delete(task.taskId);
  }

  stopAll(reason: Error): void {
    for (const task of this.#tasks.values()) task.stop(reason);
  }
}
