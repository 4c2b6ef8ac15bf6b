import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath } from './find-on-path.ts';
import { probeRedisBinary, type RedisBinary } from './redis-binary.ts';
import { type CommandResult, runCommand } from './run-command.ts';

const APT_TIMEOUT_MS = 180_000;
/** Package to install, and the program in it. */
const PACKAGES = [
  { packageName: 'redis-server', program: 'redis-server' },
  { packageName: 'valkey-server', program: 'valkey-server' },
];

/** The Debian packages could not be had; the message says which step failed. */
export class RedisDownloadError extends Error {
  override readonly name = 'RedisDownloadError';
}

/** The Redis unpacked into the cache folder earlier, if it still runs. */
export async function findCachedRedis(cacheDir: string): Promise<RedisBinary | undefined> {
  const root = unpackedDir(cacheDir);
  for (const { program } of PACKAGES) {
    const env = { LD_LIBRARY_PATH: findLibraryDirs(root).join(':') };
    const binary = await probeRedisBinary(join(root, 'usr', 'bin', program), env, 'cache');
    if (binary !== undefined) return binary;
  }
  return undefined;
}

/**
 * Fetches Redis and the libraries this machine lacks as Debian packages and unpacks them into the cache folder. Needs
 * neither root nor an installation: apt works on package lists of its own in the cache and nothing outside is changed.
 * @throws RedisDownloadError
 */
export async function downloadRedisPackages(options: {
  cacheDir: string;
  log: (message: string) => void;
}): Promise<RedisBinary> {
  const { cacheDir, log } = options;
  const aptGet = await findOnPath('apt-get', ['/usr/bin']);
  const dpkg = await findOnPath('dpkg', ['/usr/bin']);
  if (aptGet === undefined || dpkg === undefined) throw new RedisDownloadError('this system has no apt-get and dpkg');
  mkdirSync(cacheDir, { recursive: true });
  const workDir = mkdtempSync(join(cacheDir, 'redis-download-'));
  try {
    log('redis: not installed here; fetching the package lists of Debian into the cache (nothing is installed)');
    const apt = prepareApt(aptGet, workDir);
    // Its own failure is not decisive: one unreachable third-party source must not matter.
    const update = await apt(['update'], workDir);
    const names = await listMissingPackages(apt, workDir, update);
    log(`redis: fetching ${names.join(', ')}`);
    const debDir = join(workDir, 'deb');
    mkdirSync(debDir);
    const download = await apt(['download', ...names], debDir);
    if (download.code !== 0) throw new RedisDownloadError(`apt-get download failed: ${lastLines(download)}`);
    await unpack(dpkg, debDir, join(workDir, 'root'));
    return await moveIntoCache(cacheDir, join(workDir, 'root'), log);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

type Apt = (args: readonly string[], cwd: string) => Promise<CommandResult>;

function prepareApt(aptGet: string, workDir: string): Apt {
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    mkdirSync(join(workDir, folder), { recursive: true });
  const options = [
    `Dir::State=${join(workDir, 'state')}`,
    `Dir::Cache=${join(workDir, 'cache')}`,
    // What is installed already need not be fetched again.
    'Dir::State::status=/var/lib/dpkg/status',
    'APT::Sandbox::User=',
    'Debug::NoLocking=1',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    // Hooks of the machine (clean-up of Docker images) are none of our business.
    'APT::Update::Post-Invoke::=',
    'APT::Update::Post-Invoke-Success::=',
  ].flatMap((option) => ['-o', option]);
  return (args, cwd) =>
    runCommand('/usr/bin/env', ['LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive', aptGet, '-q', ...options, ...args], {
      cwd,
      timeoutMs: APT_TIMEOUT_MS,
    });
}

/** The packages an installation would bring, as `name=version`. */
async function listMissingPackages(apt: Apt, workDir: string, update: CommandResult): Promise<string[]> {
  const failures: string[] = [];
  for (const { packageName } of PACKAGES) {
    const plan = await apt(['-s', '--no-install-recommends', 'install', packageName], workDir);
    const names = [...plan.stdout.matchAll(/^Inst (\S+) (?:\[\S*\] )?\((\S+) /gm)].map(
      ([, name, version]) => `${name}=${version}`,
    );
    if (plan.code === 0 && names.length > 0) return names;
    failures.push(lastLines(plan));
  }
  throw new RedisDownloadError(
    `apt-get offers no Redis: ${[lastLines(update), ...failures].filter(Boolean).join('; ')}`,
  );
}

async function unpack(dpkg: string, debDir: string, rootDir: string): Promise<void> {
  mkdirSync(rootDir);
  for (const name of readdirSync(debDir).filter((file) => file.endsWith('.deb'))) {
    const result = await runCommand(dpkg, ['-x', join(debDir, name), rootDir]);
    if (result.code !== 0) throw new RedisDownloadError(`dpkg cannot unpack ${name}: ${lastLines(result)}`);
  }
}

/** Another start may do the same at the same time: a folder that is there and works is as good as ours. */
async function moveIntoCache(cacheDir: string, rootDir: string, log: (message: string) => void): Promise<RedisBinary> {
  const target = unpackedDir(cacheDir);
  try {
    renameSync(rootDir, target);
  } catch {
    if ((await findCachedRedis(cacheDir)) === undefined) {
      rmSync(target, { recursive: true, force: true });
      renameSync(rootDir, target);
    }
  }
  const binary = await findCachedRedis(cacheDir);
  if (binary === undefined) throw new RedisDownloadError('the Redis of the packages does not run on this machine');
  log(`redis: version ${binary.version.join('.')} is in the cache`);
  return binary;
}

function unpackedDir(cacheDir: string): string {
  return join(cacheDir, `redis-${process.platform}-${process.arch}`);
}

/** Every folder below the usual ones that holds a shared library. */
function findLibraryDirs(rootDir: string): string[] {
  return ['lib', 'usr/lib'].flatMap((folder) => listLibraryDirs(join(rootDir, folder)));
}

function listLibraryDirs(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const below = entries
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => listLibraryDirs(join(folder, entry.name)));
    return entries.some((entry) => entry.name.includes('.so')) ? [folder, ...below] : below;
  } catch {
    return [];
  }
}

function lastLines(result: CommandResult): string {
  return (result.startError ?? result.stderr).trim().split('\n').slice(-3).join(' ');
}
