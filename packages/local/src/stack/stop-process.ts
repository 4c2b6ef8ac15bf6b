import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';
import { waitUntil } from './wait-until.ts';

/** One step of stopping: a signal, and how long the process may take to go before the next step. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly waitMs: number;
  /** To the whole process group the process leads, instead of to the process alone. */
  readonly group?: boolean;
}

/** The process survived every step, SIGKILL included: it hangs in the kernel. */
export class StopFailedError extends Error {
  override readonly name = 'StopFailedError';
}

/**
 * Stops one particular process, step by step, and returns once it is gone. The identity is checked before every
 * signal, so a pid that meanwhile belongs to another process is never signalled.
 */
export async function stopProcess(identity: ProcessIdentity, steps: readonly StopStep[]): Promise<void> {
  for (const step of steps) {
    if (!isProcessAlive(identity)) return;
    sendSignal(step.group === true ? -identity.pid : identity.pid, step.signal);
    if (await waitUntil(() => !isProcessAlive(identity), { timeoutMs: step.waitMs })) return;
  }
  if (isProcessAlive(identity)) throw new StopFailedError(`process ${identity.pid} does not stop`);
}

/**
 * Kills what a process that led its own group has left behind in it. Call it after the leader is gone: while members
 * remain the kernel does not give its pid to anybody else, so a process with that pid means the group is a stranger's.
 */
export function killGroupRemnants(leaderPid: number): void {
  if (identifyProcess(leaderPid) !== undefined) return;
  sendSignal(-leaderPid, 'SIGKILL');
}

function sendSignal(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // ESRCH: it went between the check and the signal, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
