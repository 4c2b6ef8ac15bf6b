// What `npm start` and `npm test` both need on a fresh clone: a Node that is new enough, the dependencies, the build.
// Plain Node without dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MIN_NODE = [20, 19];
/** Whoever waits longer than this for another installation is told to look. */
const INSTALL_WAIT_MS = 300_000;
const LOG_TAIL_LINES = 40;

/** The folder of the project. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Where everything that is made here and not kept in git goes. */
export const stateDir = join(root, '.nightshift');
export const cliMain = join(root, 'apps', 'cli', 'dist', 'main.js');

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return;
  fail(`Nightshift needs Node ${MIN_NODE.join('.')} or newer; this is ${process.versions.node} (${process.execPath}).`);
}

/** Installs the dependencies unless they are those of package-lock.json already. */
export async function install() {
  if (isInstalled()) return;
  const lock = join(stateDir, 'install.lock');
  makeDir(stateDir);
  const release = await takeInstallLock(lock);
  try {
    // Another start may have done it while this one waited.
    if (!isInstalled()) runNpmCi();
  } finally {
    release();
  }
}

/** Compiles what changed since the last time; ends this process with the compiler's messages if it cannot. */
export function build() {
  if (!existsSync(cliMain)) process.stderr.write('Building ...\n');
  const result = spawnSync(process.execPath, [compilerMain(), '-b'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const cause = result.error === undefined ? '' : ` (${result.error.message})`;
  fail(`The build failed${cause}; the messages above say where.`, result.status ?? exitCodeOf(result.signal));
}

export function compilerMain() {
  return join(root, 'node_modules', 'typescript', 'bin', 'tsc');
}

/** As a shell reports it: 128 plus the number of the signal. */
export function exitCodeOf(signal) {
  return signal === null ? 1 : 128 + (constants.signals[signal] ?? 0);
}

export function fail(message, code = 1) {
  process.stderr.write(`${message}\n`);
  process.exit(code || 1);
}

/** Where the system can, a process is told to stop when this one is killed, and does not go on unseen. */
export function tieToThisProcess(command) {
  const probe = spawnSync('setpriv', ['--pdeathsig', 'TERM', '--', 'true'], { stdio: 'ignore' });
  return probe.status === 0 ? ['setpriv', '--pdeathsig', 'TERM', '--', ...command] : command;
}

/** npm writes this file last, so an installation that was cut off does not count. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  const lockFile = join(root, 'package-lock.json');
  if (!existsSync(installed)) return false;
  if (statSync(lockFile).mtimeMs <= statSync(installed).mtimeMs) return true;
  // A checkout touches the file without changing it: what counts then is what was installed from.
  return readText(stampPath()) === hashOf(lockFile);
}

function runNpmCi() {
  const log = join(stateDir, 'install.log');
  const lockHash = hashOf(join(root, 'package-lock.json'));
  process.stderr.write('Installing dependencies (npm ci, about a minute the first time) ...\n');
  const startedAt = Date.now();
  // NODE_ENV=production or omit settings would leave out the compiler and the bundled Postgres.
  const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=warn'];
  const npmCli = process.env.npm_execpath;
  const isNpm = npmCli !== undefined && /npm-cli\.c?js$/.test(npmCli);
  const result = isNpm ? run(process.execPath, [npmCli, ...args], log) : run('npm', args, log);
  if (result.status !== 0) {
    process.stderr.write(`${tail(log)}\n`);
    const cause = result.error === undefined ? '' : ` (${result.error.message})`;
    fail(`npm ci failed${cause}; the full output is in ${log}`, result.status ?? exitCodeOf(result.signal));
  }
  writeFileSync(stampPath(), lockHash);
  process.stderr.write(`Installed in ${Math.round((Date.now() - startedAt) / 1000)} s.\n`);
}

/** Two starts on a fresh clone must not install over each other. */
async function takeInstallLock(path) {
  const deadline = Date.now() + INSTALL_WAIT_MS;
  let isAnnounced = false;
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = Number(readText(path));
    if (holder > 0 && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (Date.now() > deadline)
      fail(`Another installation (pid ${holder}) does not end. If there is none, delete ${path}`);
    if (!isAnnounced) process.stderr.write(`Waiting for another installation (pid ${holder}) ...\n`);
    isAnnounced = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function run(command, args, log) {
  const fd = openSync(log, 'w');
  try {
    return spawnSync(command, args, { cwd: root, stdio: ['ignore', fd, fd] });
  } finally {
    closeSync(fd);
  }
}

function stampPath() {
  return join(root, 'node_modules', '.nightshift-installed');
}

function makeDir(path) {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    fail(`${root} must be writable for the installation: ${error.message}`);
  }
}

function hashOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function tail(path) {
  return readText(path).trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
