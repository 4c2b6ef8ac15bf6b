import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPidFile, removePidFile } from './pid-file.ts';
import { prepareDataDir } from './prepare-data-dir.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';

/** Another launcher is running on this data folder. */
export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
  readonly pid: number;
  constructor(dataDir: string, pid: number) {
    super(`Nightshift is already running on ${dataDir} (pid ${pid}). Stop it first, or choose another data folder.`);
    this.pid = pid;
  }
}

/** A held lock; `release` gives it up. A killed holder needs no release: its process identity no longer exists. */
export interface DataDirLock {
  release(): void;
}

/**
 * Makes this process the only launcher of a data folder.
 * @throws AlreadyRunningError when a living process holds it, DataDirError when the folder is not ours
 */
export function lockDataDir(dataDir: string): DataDirLock {
  prepareDataDir(dataDir);
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('cannot read the start time of this process');
  const path = join(dataDir, 'launcher.lock');
  const holder = acquire(path, self);
  if (holder !== undefined) throw new AlreadyRunningError(dataDir, holder.pid);
  return { release: () => removePidFile(path, self) };
}

/** Answers the living holder, or undefined when the lock is now ours. */
function acquire(path: string, self: ProcessIdentity): ProcessIdentity | undefined {
  if (createExclusively(path, self)) return undefined;
  const holder = readPidFile(path);
  if (holder !== undefined && isProcessAlive(holder)) return holder;
  // The holder is dead. Of several launchers that see this, only the one that gets the right to replace this very
  // holder may do so; that right is a lock of the same kind, so that a death while holding it is no dead end either.
  const takeover = `${path}.${holder === undefined ? 'damaged' : `${holder.pid}-${holder.startTime.replaceAll(/\W/g, '')}`}`;
  const rival = acquire(takeover, self);
  if (rival !== undefined) return rival;
  try {
    const current = readPidFile(path);
    if (current !== undefined && isProcessAlive(current)) return current;
    replace(path, self);
    return undefined;
  } finally {
    removePidFile(takeover, self);
  }
}

/** Creates the file with its whole content at once (a link of a finished file); false when there is one already. */
function createExclusively(path: string, self: ProcessIdentity): boolean {
  const temporary = writeTemporary(path, self);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function replace(path: string, self: ProcessIdentity): void {
  renameSync(writeTemporary(path, self), path);
}

function writeTemporary(path: string, self: ProcessIdentity): string {
  const temporary = `${path}.new.${self.pid}`;
  writeFileSync(temporary, `${JSON.stringify(self)}\n`, { mode: 0o600 });
  return temporary;
}
