import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');

/** Folders that hold nothing anybody wrote: what `.gitignore` names, and git's own. */
const GENERATED_FOLDERS: ReadonlySet<string> = new Set(['.git', '.nightshift', 'node_modules', 'dist', 'coverage']);
const GENERATED_FILE = /\.(?:log|tsbuildinfo)$/;

/** Every written file below a folder of the project, as paths from its root with forward slashes, sorted. */
export function listFiles(folder = ''): string[] {
  const found: string[] = [];
  const walk = (relative: string) => {
    for (const entry of readdirSync(path.join(PROJECT_ROOT, relative), { withFileTypes: true })) {
      const child = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory() && !GENERATED_FOLDERS.has(entry.name)) walk(child);
      if (entry.isFile() && !GENERATED_FILE.test(entry.name)) found.push(child);
    }
  };
  walk(folder);
  return found.sort();
}

export function readProjectFile(file: string): string {
  return readFileSync(path.join(PROJECT_ROOT, file), 'utf8');
}

/** The names of the folders directly in `packages` or `apps`. */
export function listWorkspaces(kind: 'packages' | 'apps'): string[] {
  return readdirSync(path.join(PROJECT_ROOT, kind), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** TypeScript below `packages/<name>/src` and `apps/<name>/src`. */
export function listSourceFiles(): string[] {
  return [...listFiles('packages'), ...listFiles('apps')].filter((file) => /^[^/]+\/[^/]+\/src\/.*\.ts$/.test(file));
}

/** Code that only tests run: beside the code, or in a folder of that name. */
export function isTestCode(file: string): boolean {
  return /\.test\.ts$/.test(file) || /(?:^|\/)(?:test|testing)\//.test(file);
}

/** All hand-written code, tests and scripts included. */
export function listCodeFiles(): string[] {
  return listFiles().filter((file) => /\.(?:ts|mts|mjs|js)$/.test(file) && !file.startsWith('examples/documents/'));
}
