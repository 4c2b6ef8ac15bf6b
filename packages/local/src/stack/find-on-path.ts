import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

/** The path of a program: first as the shell finds it on PATH, then in `extraDirs`; undefined when it is in none. */
export async function findOnPath(name: string, extraDirs: readonly string[] = []): Promise<string | undefined> {
  const found = await runCommand('/bin/sh', ['-c', 'command -v -- "$1"', 'sh', name]);
  const path = found.stdout.trim();
  if (found.code === 0 && path.startsWith('/')) return path;
  return extraDirs.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
