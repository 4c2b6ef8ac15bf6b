import type { TaskId } from '@nightshift/domain';
import { FlushLoop } from './flush-loop.ts';
import { TaskLog } from './task-log.ts';
import type { WriterDeps } from './write-logs.ts';

export interface Flusher {
  open(task: { taskId: TaskId; epoch: number; onCancelRequested: () => void }): TaskLog;
  /** Forgets a task whose epoch has ended. */
  close(log: TaskLog): void;
  /** The worker lost its lease: every log is fenced, now and later, and nothing more is written. */
  fenceAll(): void;
}

/**
 * The one writer of a worker process: a single statement at a time for all its tasks. The next flush starts when the last
 * one has returned; intents, results and settlements never wait for a timer.
 */
export function createFlusher(deps: WriterDeps): Flusher {
  const open = new Set<TaskLog>();
  const loop = new FlushLoop(deps);
  let isOver = false;

  function close(log: TaskLog): void {
    open.delete(log);
    loop.remove(log);
    log.fence();
  }

  return {
    open(task) {
      // A dead epoch of the task may still run here: it need not wait for the database's word that it is over.
      for (const older of open) if (older.taskId === task.taskId) close(older);
      const log = new TaskLog({
        ...task,
        schedule: (changed, urgent) => loop.add(changed, urgent),
        publish: (row) => deps.publisher.publish([row]),
      });
      open.add(log);
      if (isOver) close(log);
      return log;
    },
    close,
    fenceAll() {
      isOver = true;
      for (const log of open) close(log);
    },
  };
}
