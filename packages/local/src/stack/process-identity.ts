import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * One particular run of a process. A pid alone is not an identity: the kernel hands the number out again, so a pid read
 * from a file may belong to somebody else by now. The start time tells the two apart.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process: boot id and /proc start tick on Linux, `ps` start time elsewhere. */
  readonly startTime: string;
}

/** The identity of the process that has this pid now; undefined when there is none or only an unreaped zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? readLinuxStartTime(pid) : readPsStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether exactly this process, and not a later one with its pid, is still running. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** The command line of a pid, its arguments joined by blanks; empty when there is none to read (no such process, no /proc). */
export function readCommandLine(pid: number): string {
  return readText(`/proc/${pid}/cmdline`)?.split('\0').join(' ').trim() ?? '';
}

function readLinuxStartTime(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // Field 2 is the name in parentheses and may itself hold blanks and parentheses, so fields are counted from its end:
  // the first one after it is field 3 (state), the start time is field 22 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTick = fields[19];
  if (state === 'Z' || state === 'X' || startTick === undefined) return undefined;
  return `${readText('/proc/sys/kernel/random/boot_id')?.trim() ?? 'boot'}:${startTick}`;
}

function readPsStartTime(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
