import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';

/** Records a running process so that a later launcher recognises it. Written whole or not at all. */
export function writePidFile(path: string, identity: ProcessIdentity): void {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/** What a pid file says; undefined when it is missing or unreadable as one. The process may be long gone. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isIdentity(value) ? { pid: value.pid, startTime: value.startTime } : undefined;
  } catch {
    return undefined;
  }
}

/** The process a pid file speaks of, if that very process is still running. */
export function findProcessOfPidFile(path: string): ProcessIdentity | undefined {
  const identity = readPidFile(path);
  return identity !== undefined && isProcessAlive(identity) ? identity : undefined;
}

/** Removes a pid file, but only while it still speaks of the given process. */
export function removePidFile(path: string, identity: ProcessIdentity): void {
  const current = readPidFile(path);
  if (current?.pid === identity.pid && current.startTime === identity.startTime) rmSync(path, { force: true });
}

/** The process named by a pid file in the usual form (the pid alone on the first line), as servers write their own. */
export function findProcessOfServerPidFile(path: string): ProcessIdentity | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8').split('\n')[0] ?? '', 10);
    return Number.isInteger(pid) && pid > 1 ? identifyProcess(pid) : undefined;
  } catch {
    return undefined;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startTime } = value as { pid?: unknown; startTime?: unknown };
  return typeof pid === 'number' && Number.isInteger(pid) && pid > 1 && typeof startTime === 'string';
}
