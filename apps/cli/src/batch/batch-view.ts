import type { TaskStatus, TaskView } from './task-view.ts';

/** A batch as the API answered it last. */
export interface BatchView {
  readonly id: string;
  readonly total: number;
  readonly counts: Readonly<Record<TaskStatus, number>>;
  /** In the order of submission. */
  readonly tasks: readonly TaskView[];
}

/** How many tasks of it have ended. */
export function countFinal(batch: Pick<BatchView, 'counts'>): number {
  const { completed, failed, cancelled, expired } = batch.counts;
  return completed + failed + cancelled + expired;
}
