import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPortFree } from './choose-port.ts';
import { identifyProcess, isProcessAlive } from './process-identity.ts';
import { type RunningPostgres, type StartPostgresOptions, startPostgres } from './start-postgres.ts';
import { waitUntil } from './wait-until.ts';

let dataDir: string;
let lines: string[];
const running: RunningPostgres[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-postgres-'));
  lines = [];
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<StartPostgresOptions> = {}): Promise<RunningPostgres> {
  const postgres = await startPostgres({ dataDir, log: (message) => lines.push(message), ...options });
  running.push(postgres);
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  it('keeps data, password and port over a stop and a start', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE notes AS SELECT 42 AS answer');
    await first.stop();
    expect(await isPortFree(first.port)).toBe(true);
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT answer FROM notes')).toEqual([{ answer: 42 }]);
    expect(statSync(join(dataDir, 'superuser-password')).mode & 0o777).toBe(0o600);
  });

  it('is durable and private unless told otherwise', async () => {
    const { url } = await start({ settings: { max_connections: '20' } });
    const sql = `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
      current_setting('listen_addresses') AS listen, current_setting('unix_socket_directories') AS sockets,
      current_setting('max_connections') AS connections, current_setting('server_encoding') AS encoding`;
    const expected = {
      fsync: 'on',
      commit: 'on',
      listen: '127.0.0.1',
      sockets: '',
      connections: '20',
      encoding: 'UTF8',
    };
    expect(await query(url, sql)).toEqual([expected]);
    const wrongPassword = url.replace(/:[^:@]+@/, ':wrong@');
    await expect(query(wrongPassword, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('starts Postgres again, with its data, when it is killed', async () => {
    const postgres = await start();
    await query(postgres.url, 'CREATE TABLE notes AS SELECT 42 AS answer');
    const first = postgres.pid ?? 0;
    process.kill(first, 'SIGKILL');
    const isBack = () => postgres.pid !== undefined && postgres.pid !== first;
    expect(await waitUntil(isBack, { timeoutMs: 30_000 }), lines.join('\n')).toBe(true);
    expect(await query(postgres.url, 'SELECT answer FROM notes')).toEqual([{ answer: 42 }]);
  });

  it('starts although its lock file names a pid that now belongs to another program, which is left alone', async () => {
    await (await start()).stop();
    const self = identifyProcess(process.pid);
    if (self === undefined) throw new Error('this process must be running');
    writeFileSync(join(dataDir, 'cluster', 'postmaster.pid'), `${process.ppid}\n${dataDir}\n1\n1\n\n127.0.0.1\n`);
    const second = await start();
    expect(await query(second.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(lines.join('\n')).toContain(`pid ${process.ppid} now belongs to another program`);
    expect(isProcessAlive(self)).toBe(true);
  });
});
