import { rmSync } from 'node:fs';
import { findProcessOfPidFile, findProcessOfServerPidFile } from './pid-file.ts';
import { isProcessAlive, type ProcessIdentity, readCommandLine } from './process-identity.ts';
import { killGroupRemnants, type StopStep, stopProcess } from './stop-process.ts';

export interface StopOrphanOptions {
  /** For messages. */
  readonly name: string;
  /** Our own pid file (pid and start time). */
  readonly pidFile: string;
  /**
   * The pid file the server itself writes (pid only), for a launcher that died before it could write ours. Such a pid
   * counts only if the command line of the process mentions `mark`, a path nobody else uses.
   */
  readonly server?: { readonly pidFile: string; readonly mark: string } | undefined;
  readonly stopSteps: readonly StopStep[];
  readonly log: (message: string) => void;
}

/**
 * Stops what an earlier launcher that was killed has left running, and returns once it is gone; the caller then starts
 * it anew on the same data, with the present settings and under its own supervision. Whoever merely has got the pid of
 * an old process is left alone.
 * @returns the pid that was stopped, if any
 */
export async function stopOrphan(options: StopOrphanOptions): Promise<number | undefined> {
  const orphan = findProcessOfPidFile(options.pidFile) ?? findServerProcess(options);
  if (orphan !== undefined) {
    options.log(`${options.name}: stopping pid ${orphan.pid}, left behind by an earlier run`);
    await stopProcess(orphan, options.stopSteps);
    killGroupRemnants(orphan.pid);
  }
  rmSync(options.pidFile, { force: true });
  return orphan?.pid;
}

function findServerProcess({ name, server, log }: StopOrphanOptions): ProcessIdentity | undefined {
  if (server === undefined) return undefined;
  const candidate = findProcessOfServerPidFile(server.pidFile);
  if (candidate === undefined) return undefined;
  if (readCommandLine(candidate.pid).includes(server.mark)) return candidate;
  if (!isProcessAlive(candidate)) return undefined;
  // The server would take the stranger for another instance of itself and refuse to start.
  log(`${name}: pid ${candidate.pid} now belongs to another program; it is left alone`);
  rmSync(server.pidFile, { force: true });
  return undefined;
}
