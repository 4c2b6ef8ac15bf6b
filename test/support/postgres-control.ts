import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../packages/local/src/stack/start-postgres.ts';
import { migrate } from '../../packages/store/src/index.ts';
import { createSilentLogger } from '../../packages/telemetry/src/index.ts';
import { eventually } from './eventually.ts';

const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');

/** A migrated Postgres of its own that a test may hurt. */
export interface PostgresControl {
  readonly url: string;
  readonly port: number;
  /** Ends the connections whose application name is like this (SQL pattern); returns how many. */
  terminateBackends(applicationName?: string): Promise<number>;
  /** `pg_ctl restart -m immediate`: every connection is cut, then crash recovery. Resolves when it accepts again. */
  restartImmediately(): Promise<void>;
  /** Opens connections until there is no place for another; the function it returns gives them back. */
  exhaustConnections(): Promise<() => Promise<void>>;
  /** Runs a query that locks rows in a transaction of its own; the function it returns ends it. */
  lockRows(query: string): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

export async function startPostgresControl(options: {
  dataDir: string;
  settings?: Record<string, string>;
}): Promise<PostgresControl> {
  const { dataDir } = options;
  const postgres = await startPostgres({ dataDir, log: () => undefined, settings: options.settings });
  const { url, port } = postgres;
  await migrate({ databaseUrl: url, folder: path.join(PROJECT_ROOT, 'migrations'), log: createSilentLogger() });
  return {
    url,
    port,
    terminateBackends: (applicationName = 'nightshift%') =>
      withClient(url, async (client) => {
        const { rowCount } = await client.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where application_name like $1',
          [applicationName],
        );
        return rowCount ?? 0;
      }),
    async restartImmediately() {
      const file = path.join(dataDir, 'cluster', 'postmaster.pid');
      const readPid = async () => Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
      const pid = await readPid();
      process.kill(pid, 'SIGQUIT'); // "immediate" in the manual's words; its keeper starts it again
      await eventually('Postgres to be back', async () => {
        const next = await readPid();
        if (!next || next === pid) return false;
        return withClient(url, () => Promise.resolve(true)).catch(() => false);
      });
    },
    exhaustConnections: () => holdConnections(url),
    async lockRows(query) {
      const client = await openClient(url);
      await client.query('begin');
      await client.query(query);
      return async () => {
        await client.query('rollback').catch(() => undefined);
        await client.end().catch(() => undefined);
      };
    },
    stop: () => postgres.stop(),
  };
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await openClient(url);
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'test', connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function holdConnections(url: string): Promise<() => Promise<void>> {
  const held: pg.Client[] = [];
  for (;;) {
    const client = await openClient(url).catch(() => undefined);
    if (!client) break;
    held.push(client);
  }
  return async () => {
    await Promise.all(held.map((client) => client.end().catch(() => undefined)));
  };
}
