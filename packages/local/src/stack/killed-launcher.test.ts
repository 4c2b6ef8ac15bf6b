import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';
import { startPostgres } from './start-postgres.ts';
import { startRedis } from './start-redis.ts';
import { waitUntil } from './wait-until.ts';

const PROJECT_ROOT = resolve(import.meta.dirname, '../../../..');
const cacheDir = process.env.NIGHTSHIFT_CACHE_DIR ?? join(PROJECT_ROOT, '.nightshift', 'cache');
const BUILD_TIMEOUT_MS = 180_000;

/** A launcher that starts both servers, says so in one line of JSON, and waits to be killed. */
const LAUNCHER = `
import { startPostgres } from './start-postgres.js';
import { startRedis } from './start-redis.js';
const [dataDir, cacheDir, tied] = process.argv.slice(2);
const options = { log: () => {}, tiedToParent: tied === 'tied' };
const postgres = await startPostgres({ ...options, dataDir: dataDir + '/postgres' });
const redis = await startRedis({ ...options, dataDir: dataDir + '/redis', cacheDir });
console.log(JSON.stringify({ url: postgres.url, postgres: postgres.pid, redis: redis.pid }));
setInterval(() => {}, 1000);
`;

let buildDir: string;
let dataDir: string;
const launchers: ChildProcess[] = [];
const servers: ProcessIdentity[] = [];

beforeAll(() => {
  // Inside the project, so that the packages it needs are found from there.
  mkdirSync(join(PROJECT_ROOT, '.nightshift'), { recursive: true });
  buildDir = mkdtempSync(join(PROJECT_ROOT, '.nightshift', 'launcher-build-'));
  const tsc = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const sources = ['start-postgres.ts', 'start-redis.ts'].map((name) => join(import.meta.dirname, name));
  const flags =
    '--ignoreConfig --module nodenext --target es2023 --types node --skipLibCheck --rewriteRelativeImportExtensions';
  execFileSync(process.execPath, [tsc, ...flags.split(' '), '--outDir', buildDir, ...sources], { cwd: PROJECT_ROOT });
  writeFileSync(join(buildDir, 'package.json'), '{"type":"module"}');
  writeFileSync(join(buildDir, 'launcher.js'), LAUNCHER);
}, BUILD_TIMEOUT_MS);

afterAll(() => rmSync(buildDir, { recursive: true, force: true }));

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-launcher-'));
});

afterEach(() => {
  for (const launcher of launchers.splice(0)) launcher.kill('SIGKILL');
  for (const server of servers.splice(0)) if (isProcessAlive(server)) process.kill(server.pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

interface Launched {
  readonly launcher: ChildProcess;
  readonly url: string;
  readonly postgres: ProcessIdentity;
  readonly redis: ProcessIdentity;
}

async function launch(tied: 'tied' | 'loose'): Promise<Launched> {
  const launcher = spawn(process.execPath, [join(buildDir, 'launcher.js'), dataDir, cacheDir, tied], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  launchers.push(launcher);
  const line = await new Promise<string>((done, fail) => {
    launcher.stdout?.setEncoding('utf8').once('data', done);
    launcher.once('exit', (code) => fail(new Error(`the launcher ended with ${code}`)));
  });
  const said = JSON.parse(line) as { url: string; postgres: number; redis: number };
  const postgres = identifyProcess(said.postgres);
  const redis = identifyProcess(said.redis);
  if (postgres === undefined || redis === undefined) throw new Error('both servers must be running');
  servers.push(postgres, redis);
  return { launcher, url: said.url, postgres, redis };
}

async function kill(launcher: ChildProcess): Promise<void> {
  const gone = new Promise((done) => launcher.once('exit', done));
  launcher.kill('SIGKILL');
  await gone;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startPostgres and startRedis after the launcher was killed', () => {
  it.each([
    ['by our own pid files', false],
    ['by the pid files of the servers, when it died before it could write ours', true],
  ])('stop what it left running, found %s, and start on the same data and ports', async (_how, withoutOurs) => {
    const { launcher, url, postgres, redis } = await launch('loose');
    await query(url, 'CREATE TABLE notes AS SELECT 42 AS answer');
    await kill(launcher);
    expect([isProcessAlive(postgres), isProcessAlive(redis)]).toEqual([true, true]);
    if (withoutOurs) for (const name of ['postgres', 'redis']) rmSync(join(dataDir, name, `${name}.pid`));

    const log = () => {};
    const nextPostgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), log });
    const nextRedis = await startRedis({ dataDir: join(dataDir, 'redis'), cacheDir, log });
    try {
      expect([isProcessAlive(postgres), isProcessAlive(redis)]).toEqual([false, false]);
      expect(nextPostgres.url).toBe(url);
      expect(await query(url, 'SELECT answer FROM notes')).toEqual([{ answer: 42 }]);
    } finally {
      await nextPostgres.stop();
      await nextRedis.stop();
    }
  });

  it('find nothing running where the kernel tells the servers that it died', async () => {
    const { launcher, postgres, redis } = await launch('tied');
    await kill(launcher);
    const isAllGone = () => !isProcessAlive(postgres) && !isProcessAlive(redis);
    expect(await waitUntil(isAllGone, { timeoutMs: 20_000 })).toBe(true);
  });
});
