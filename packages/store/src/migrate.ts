import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@nightshift/telemetry';
import pg from 'pg';

export interface Migration {
  version: number;
  name: string;
  /** A process whose code is older than a breaking migration must not start. */
  breaking: boolean;
  sql: string;
  sha256: string;
}

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const HEADER = /^-- breaking: (yes|no)\n/;
/** One migrator at a time in a database: concurrent `create table` statements collide. */
const MIGRATION_LOCK = 7_461_001;

/**
 * Reads `NNNN_words.sql` files, in order. A number is taken when work on a change begins, so that changes that are made at
 * the same time leave gaps until the last of them is in. Fails on a number used twice or a missing header.
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => FILE_NAME.test(name)).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const sql = await readFile(path.join(folder, name), 'utf8');
      const version = Number(FILE_NAME.exec(name)?.[1]);
      const header = HEADER.exec(sql);
      const before = names[index - 1];
      if (before?.startsWith(name.slice(0, 4))) throw new Error(`migrations ${before} and ${name} have one number`);
      if (!header) throw new Error(`migration ${name}: the first line must be "-- breaking: yes" or "-- breaking: no"`);
      return {
        version,
        name,
        breaking: header[1] === 'yes',
        sql,
        sha256: createHash('sha256').update(sql).digest('hex'),
      };
    }),
  );
}

const CREATE_TABLE = `create table if not exists schema_migrations (
  version integer primary key, name text not null, breaking boolean not null, sha256 text not null,
  applied_at timestamptz not null default now())`;

/**
 * Brings the database to the newest migration, forward only. Safe to run from many processes at once. Returns the names
 * of what was applied. An applied file that was changed afterwards is an error.
 */
export async function migrate(options: { databaseUrl: string; folder: string; log: Logger }): Promise<string[]> {
  const migrations = await readMigrations(options.folder);
  const client = new pg.Client({ connectionString: options.databaseUrl, application_name: 'nightshift migrate' });
  client.on('error', () => undefined); // reported by the statement that fails on it
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(CREATE_TABLE);
    const applied = await client.query<{ version: number; sha256: string; name: string }>(
      'select version, sha256, name from schema_migrations order by version',
    );
    assertUnchanged(migrations, applied.rows);
    const versions = new Set(applied.rows.map((row) => row.version));
    const pending = migrations.filter((migration) => !versions.has(migration.version));
    for (const migration of pending) {
      await applyOne(client, migration);
      options.log.info({ migration: migration.name }, 'migration applied');
    }
    return pending.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

async function applyOne(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query('insert into schema_migrations (version, name, breaking, sha256) values ($1, $2, $3, $4)', [
      migration.version,
      migration.name,
      migration.breaking,
      migration.sha256,
    ]);
    await client.query(migration.sql);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined); // the first error is the one that explains
    throw new Error(`migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function assertUnchanged(migrations: Migration[], applied: { version: number; sha256: string; name: string }[]): void {
  for (const row of applied) {
    const known = migrations.find((migration) => migration.version === row.version);
    if (known && known.sha256 !== row.sha256) {
      throw new Error(`migration ${row.name} was changed after it had been applied; write a new one instead`);
    }
  }
}

/**
 * Fails when the schema is not one this code can work with: older than the code, or carrying a breaking migration that
 * the code does not know.
 */
export async function assertSchema(db: Pick<pg.Pool, 'query'>, migrations: Migration[]): Promise<void> {
  const applied = await db.query<{ version: number; name: string; breaking: boolean }>(
    'select version, name, breaking from schema_migrations order by version',
  );
  const versions = new Set(applied.rows.map((row) => row.version));
  const missing = migrations.find((migration) => !versions.has(migration.version));
  if (missing) throw new Error(`the database lacks migration ${missing.name}: run "npm run migrate" first`);
  const known = new Set(migrations.map((migration) => migration.version));
  const newer = applied.rows.find((row) => !known.has(row.version) && row.breaking);
  if (newer) throw new Error(`the database carries the breaking migration ${newer.name}: this build is too old for it`);
}
