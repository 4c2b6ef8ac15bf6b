import { execFile } from 'node:child_process';

const TIMEOUT_MS = 2_000;

/** Whether `setpriv --pdeathsig` works here: it is part of util-linux 2.33 and later, on Linux only. */
export function hasDeathSignal(): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false);
  return new Promise((resolve) => {
    execFile('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { timeout: TIMEOUT_MS }, (error) => resolve(!error));
  });
}
