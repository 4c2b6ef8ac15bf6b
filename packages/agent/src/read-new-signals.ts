import { readSignals } from '@nightshift/store';
import type { TaskRun } from './task-run.ts';

/** Reads what the task was told since the last look, if a flush has seen that there is something. */
export async function readNewSignals(run: TaskRun): Promise<void> {
  const { conversation, log, task, deps } = run;
  if (conversation.signalNo >= log.signalNo) return;
  const signals = await readSignals(deps.pool, task.taskId, Math.max(0, conversation.signalNo));
  // Two calls of a turn may look at the same time.
  conversation.signals.push(...signals.filter((signal) => signal.n > conversation.signalNo));
  conversation.signalNo = Math.max(0, conversation.signalNo, ...signals.map((signal) => signal.n));
}
