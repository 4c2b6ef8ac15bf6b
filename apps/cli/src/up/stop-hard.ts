import type { Stack } from '@nightshift/local';

/**
 * Ends everything at once, by id: our processes are killed, Postgres and Redis are told to end by themselves (a kill
 * would only make their next start slower). What they have acknowledged is kept either way.
 */
export function stopHard(stack: Stack | undefined): void {
  for (const { pid } of stack?.processes ?? []) send(pid, 'SIGKILL');
  for (const { place, pid } of stack?.services ?? []) {
    if (place === 'here' && pid !== process.pid) send(pid, 'SIGTERM');
  }
}

function send(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
