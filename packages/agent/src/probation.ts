import type { ClaimedTask } from '@nightshift/store';

/**
 * How long a suspect stays alone: until it has settled 2^deaths steps in this epoch. One step would not do: a task whose
 * tool kills its process settles a turn before each kill. Doubling bounds what such a task can do by the logarithm of its
 * steps, and lets a task that merely ran beside it go soon. One that is guilty of a death stays alone for good.
 */
export class Probation {
  #left: number;

  constructor(task: Pick<ClaimedTask, 'isolated' | 'suspicion' | 'guilt' | 'deaths'>) {
    const isSuspect = task.isolated || task.suspicion > 0;
    this.#left = !isSuspect ? 0 : task.guilt > 0 ? Number.POSITIVE_INFINITY : 2 ** task.deaths;
  }

  /** True when nothing is held against the task, any more or from the start. */
  get isOver(): boolean {
    return this.#left === 0;
  }

  /** Counts a step that did its work in this epoch; true when it is the one that clears the task. */
  noteStep(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return this.#left === 0;
  }
}
