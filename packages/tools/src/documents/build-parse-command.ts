import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** JavaScript heap of the child; a 1,000-page PDF needs about 150 MB. */
const MAX_HEAP_MB = 512;
/** CPU seconds beyond the deadline: start-up and the collector's own threads. */
const CPU_MARGIN_SECONDS = 10;
/** Node's module loader opens the files of a library all at once. */
const MAX_OPEN_FILES = 1_024;

/**
 * The command that runs the child with its limits. Node's permission model takes away writing, child processes, native
 * code and reading outside the program; a shell in between sets the operating system's limits, which also hold when
 * this process is killed and can no longer watch: CPU seconds, no file larger than zero bytes, no core dump.
 */
export function buildParseCommand(script: string, timeoutMs: number): { command: string; args: string[] } {
  const node = [
    `--max-old-space-size=${MAX_HEAP_MB}`,
    '--no-warnings',
    permissionFlag(),
    ...readableFolders(script).map((folder) => `--allow-fs-read=${join(folder, '*')}`),
    script,
  ];
  if (process.platform === 'win32') return { command: process.execPath, args: node };
  const cpuSeconds = Math.ceil(timeoutMs / 1000) * 2 + CPU_MARGIN_SECONDS;
  const limits = [`-t ${cpuSeconds}`, '-f 0', '-c 0', `-n ${MAX_OPEN_FILES}`];
  const shell = `${limits.map((limit) => `ulimit ${limit} 2>/dev/null`).join('; ')}; exec "$0" "$@"`;
  return { command: '/bin/sh', args: ['-c', shell, process.execPath, ...node] };
}

/** Node 20 has the flag under its experimental name only. */
function permissionFlag(): string {
  return process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
}

/**
 * This package (its dist and its own node_modules), the folders of libraries above it under the names by which Node
 * looks them up, and the one that really holds them, which is another one when node_modules is a link.
 */
function readableFolders(script: string): string[] {
  const packageFolder = dirname(dirname(dirname(script)));
  const library = createRequire(script).resolve('pdfjs-dist/package.json');
  const real = library.slice(0, library.lastIndexOf('node_modules') + 'node_modules'.length);
  const named = listAncestors(packageFolder).map((folder) => join(folder, 'node_modules'));
  return [packageFolder, ...new Set([...named.filter((folder) => existsSync(folder)), real])];
}

function listAncestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...listAncestors(parent)];
}
