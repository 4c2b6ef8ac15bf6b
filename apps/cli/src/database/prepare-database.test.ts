import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { findApiKey, openPool, type Pool } from '@nightshift/store';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.ts';
import { listMigrations } from './list-migrations.ts';
import { prepareDatabase } from './prepare-database.ts';

const migrationsDir = resolve(import.meta.dirname, '../../../../migrations');
const log = createSilentLogger();

let database: TestDatabase;
let dataDir: string;
const pools: Pool[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), 'nightshift-database-'));
});

afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.end();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

function prepare(isLocal: boolean) {
  return prepareDatabase({ databaseUrl: database.url, isLocal, dataDir, migrationsDir, log });
}

function open(databaseUrl: string): Pool {
  const pool = openPool({ databaseUrl, applicationName: 'test', maxConnections: 1, log });
  pools.push(pool);
  return pool;
}

describe('prepareDatabase', () => {
  it('makes a key that is stored by its sha256 only, and keeps it', async () => {
    const first = await prepare(true);
    expect(first.apiKey).toMatch(/^nsk_[\w-]{43}$/);
    expect(readFileSync(first.apiKeyFile, 'utf8').trim()).toBe(first.apiKey);
    expect(statSync(first.apiKeyFile).mode & 0o777).toBe(0o600);
    expect(await prepare(true)).toEqual(first);
    const pool = open(database.url);
    expect(await findApiKey(pool, first.apiKey)).toMatchObject({
      scopes: ['tasks:read', 'tasks:write', 'tasks:debug', 'ops', 'admin'],
    });
    const { rows } = await pool.query<{ row: string; sha256: Buffer }>('select k::text as row, sha256 from api_keys k');
    expect(rows).toHaveLength(1);
    expect(rows[0]?.row).not.toContain(first.apiKey.slice(8, -4));
    expect(rows[0]?.sha256).toEqual(createHash('sha256').update(first.apiKey).digest());
  });

  it('gives the processes roles of their own, which cannot change the schema or what has happened', async () => {
    const { apiUrl, workerUrl } = await prepare(true);
    for (const [url, role] of [
      [apiUrl, 'nightshift_api'],
      [workerUrl, 'nightshift_runtime'],
    ] as const) {
      const pool = open(url);
      expect((await pool.query<{ name: string }>('select current_user::text as name')).rows).toEqual([{ name: role }]);
      await pool.query('select count(*) from tasks');
      await expect(pool.query('drop table tasks')).rejects.toThrow(/owner/);
      await expect(pool.query("update task_events set payload = ''")).rejects.toThrow(/permission/);
      await expect(pool.query('delete from audit_log')).rejects.toThrow(/permission/);
    }
    // Retention is the runtime's work.
    await expect(open(apiUrl).query('delete from task_events')).rejects.toThrow(/permission/);
  });

  it('leaves the roles of a database from outside alone', async () => {
    const prepared = await prepare(false);
    expect(prepared).toMatchObject({ apiUrl: database.url, workerUrl: database.url, ownerUrlFile: undefined });
  });
});

describe('listMigrations', () => {
  it('lists what is applied, and everything as pending in an empty database', async () => {
    const pool = open(database.url);
    const applied = await listMigrations(pool, migrationsDir);
    expect(applied[0]).toEqual({ name: '0001_foundation.sql', appliedAt: expect.any(Date) });
    await pool.query('drop table schema_migrations');
    expect((await listMigrations(pool, migrationsDir)).map(({ appliedAt }) => appliedAt)).toEqual(
      applied.map(() => undefined),
    );
  });
});
