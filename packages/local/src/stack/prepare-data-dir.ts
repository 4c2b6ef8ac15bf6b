import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The data folder, or something in it, cannot be used by this user. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}

/**
 * Makes a data folder, or checks that this user owns an existing one and what is directly in it: a folder used by
 * root once and by an ordinary user later would otherwise fail in the middle of a start, with a message about some file.
 * Root may use every folder.
 * @throws DataDirError
 */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    throw new DataDirError(`the data folder ${dataDir} cannot be made: ${(error as Error).message}`);
  }
  const uid = process.getuid?.();
  if (uid === undefined || uid === 0) return;
  for (const path of [dataDir, ...readdirSync(dataDir).map((name) => join(dataDir, name))]) {
    const owner: number = lstatSync(path, { throwIfNoEntry: false })?.uid ?? uid;
    if (owner === uid) continue;
    throw new DataDirError(
      `${path} belongs to another user (uid ${owner}, this is uid ${uid}). Run as that user, choose another data folder, or change its owner.`,
    );
  }
}
