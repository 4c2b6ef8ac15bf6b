import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Every answer of a server carries this header, so that another can tell whether a lock file is still meant. */
export const INSTANCE_HEADER = 'x-nightshift-instance';

const PROBE_TIMEOUT_MS = 2000;

/** Thrown when another server serves the same folder: two would delete each other's unfinished files. */
export class DataDirInUseError extends Error {
  override readonly name = 'DataDirInUseError';
}

export interface DataDirLockOptions {
  dataDir: string;
  /** Where this server answers; another start asks there. */
  url: string;
  instanceId: string;
}

/**
 * Takes the folder's lock. A lock left by a killed server is recognised by asking the address in it who answers there,
 * which unlike a process id cannot mistake a stranger for the holder.
 * @returns a function that gives the lock back
 * @throws DataDirInUseError
 */
export async function lockDataDir(options: DataDirLockOptions): Promise<() => Promise<void>> {
  const path = join(options.dataDir, 'server.lock');
  const text = `${options.url}\n${options.instanceId}\n`;
  for (let isRetry = false; ; isRetry = true) {
    try {
      await writeFile(path, text, { flag: 'wx' });
      return async () => await rm(path, { force: true });
    } catch (error) {
      if (isRetry || !isAlreadyThere(error)) throw error;
    }
    const [url = '', holder = ''] = (await readFile(path, 'utf8')).split('\n');
    if (await isServing(url, holder)) throw new DataDirInUseError(`the folder is served already, at ${url}`);
    await rm(path, { force: true });
  }
}

async function isServing(url: string, instanceId: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.headers.get(INSTANCE_HEADER) === instanceId;
  } catch (error) {
    // Nobody listens there any more, or somebody who is slow: a paused server wakes up and goes on writing.
    return error instanceof Error && error.name === 'TimeoutError';
  }
}

function isAlreadyThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
