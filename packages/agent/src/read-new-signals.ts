import { readSignals } from '@nightshift/store';
import type { TaskRun } from './task-run.ts';

/** Reads what the task was told since the last look, if a flush has seen that there is something. */
export async function readNewSignals(run: TaskRun): Promise<void> {
  const { conversation, log, task, deps } = run;
  const newest = log.signalNo;
  if (conversation.signalNo >= newest) return;
  const signals = await readSignals(deps.pool, task.taskId, Math.max(0, conversation.signalNo));
  // Two calls of a turn may look at the same time.
  conversation.signals.push(...signals.filter((signal) => signal.n > conversation.signalNo));
  // Whatever the number stands for was committed before this look. That it has no row means that retention took it: a task
  // that waited for the row could neither end nor park.
  conversation.signalNo = Math.max(newest, conversation.signalNo, ...signals.map((signal) => signal.n));
}
