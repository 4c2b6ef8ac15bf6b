import { failWith, type Usage } from '@nightshift/domain';
import { type ClaimedTask, type JournaledStep, type Pool, readDroppedUsage, readSteps } from '@nightshift/store';
import type { Agent } from './define-agent.ts';

/** What a run begins with: the steps it keeps, and what those have cost that it does not keep. */
export interface Journal {
  readonly steps: readonly JournaledStep[];
  readonly droppedUsage: readonly Partial<Usage>[];
}

export async function readJournal(pool: Pool, { taskId, run }: ClaimedTask): Promise<Journal> {
  const steps = await readSteps(pool, taskId, run);
  return { steps, droppedUsage: run > 1 ? await readDroppedUsage(pool, taskId, run) : [] };
}

/** Throws `journal_version_mismatch` when the agent that is deployed here cannot continue what another one wrote. */
export function assertReadable(agent: Agent, task: ClaimedTask, { steps }: Journal): void {
  const written = task.journalVersion;
  if (steps.length === 0 || written === undefined || written === agent.journalVersion) return;
  const message = `The journal of the task has version ${written}, and the deployed agent "${agent.name}" continues version ${agent.journalVersion}: deploy one that fits, or replay the task with the mode "restart".`;
  throw failWith('journal_version_mismatch', message);
}
