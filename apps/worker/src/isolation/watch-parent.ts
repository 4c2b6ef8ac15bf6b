import { Worker } from 'node:worker_threads';

const INTERVAL_MS = 250;

/** Runs in a thread, which turns while the main thread spins. Plain text, so that it needs no file of its own. */
const WATCH = `
  import { workerData } from 'node:worker_threads';
  setInterval(() => {
    if (process.ppid !== workerData.parentPid) process.kill(process.pid, 'SIGKILL');
  }, workerData.intervalMs);
`;

/** Kills this process when it is no longer the child of that one: for machines on which the kernel does not do it. */
export function watchParent(parentPid: number): void {
  const program = new URL(`data:text/javascript,${encodeURIComponent(WATCH)}`);
  new Worker(program, { workerData: { parentPid, intervalMs: INTERVAL_MS } }).unref();
}
