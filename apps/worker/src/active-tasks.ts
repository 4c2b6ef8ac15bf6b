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
  #idle: (() => void)[] = [];

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
    if (this.#tasks.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  stopAll(reason: Error): void {
    for (const task of this.#tasks.values()) task.stop(reason);
  }

  /** Resolves when nothing runs, or after the timeout; true when nothing runs. */
  async drained(timeoutMs: number): Promise<boolean> {
    if (this.#tasks.size === 0) return true;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.#idle.push(resolve)),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      }),
    ]);
    clearTimeout(timer);
    return this.#tasks.size === 0;
  }
}
