import { readFile } from 'node:fs/promises';

const CHECK_INTERVAL_MS = 200;
/** Linux reports sizes in pages of this many bytes on every platform that Node 20 is built for, but for a few arm64 kernels. */
const PAGE_BYTES = 4_096;

/**
 * Calls `onExceeded` once when the process holds more than `maxBytes` of memory. The heap limit does not cover buffers,
 * in which decompressed streams live. Where there is no /proc it watches nothing. Returns the function that stops it.
 */
export function watchChildMemory(pid: number | undefined, maxBytes: number, onExceeded: () => void): () => void {
  if (pid === undefined || process.platform !== 'linux') return () => {};
  let isStopped = false;
  const check = async (): Promise<void> => {
    const bytes = await readResidentBytes(pid);
    if (isStopped || bytes <= maxBytes) return;
    clearInterval(timer);
    onExceeded();
  };
  const timer = setInterval(() => void check(), CHECK_INTERVAL_MS);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

async function readResidentBytes(pid: number): Promise<number> {
  try {
    const fields = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ');
    return Number(fields[1]) * PAGE_BYTES;
  } catch {
    // The process has ended between two checks.
    return 0;
  }
}
