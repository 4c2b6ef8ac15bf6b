import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A log above this size is put aside (`.1`, replacing an older one) when the process is started again. */
const MAX_LOG_BYTES = 20 * 1024 * 1024;
const MAX_TAIL_BYTES = 64 * 1024;

/** Opens a log file for appending; `offset` is where the output of this start begins. The caller closes `fd`. */
export function openProcessLog(path: string): { fd: number; offset: number } {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  const fd = openSync(path, 'a', 0o600);
  return { fd, offset: fstatSync(fd).size };
}

/** The output since `offset`, of it the last 64 KiB; empty when there is none. */
export function readProcessLog(path: string, offset: number): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const start = Math.max(offset, fstatSync(fd).size - MAX_TAIL_BYTES);
      const buffer = Buffer.alloc(MAX_TAIL_BYTES);
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, MAX_TAIL_BYTES, start));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
