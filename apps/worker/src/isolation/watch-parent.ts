import { Worker } from 'node:worker_threads';

const INTERVAL_MS = 250;

/** Runs in a thread, which turns while the main thread spins. Plain text, so that it needs no file of its own. */
const WATCH = `
  const { workerData } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== workerData.parentPid) process.kill(process.pid, 'SIGKILL');
  }, workerData.intervalMs);
`;

/** Kills this process when it is no longer the child of that one: for machines on which the kernel does not do it. */
export function watchParent(parentPid: number): void {
  new Worker(WATCH, { eval: true, workerData: { parentPid, intervalMs: INTERVAL_MS } }).unref();
}
