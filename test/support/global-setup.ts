import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../packages/local/src/stack/start-postgres.ts';
import { startRedis } from '../../packages/local/src/stack/start-redis.ts';
import { migrate } from '../../packages/store/src/index.ts';
import { createSilentLogger } from '../../packages/telemetry/src/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
    redisUrl: string;
    templateDatabase: string;
  }
}

const TEMPLATE_DATABASE = 'nightshift_template';
const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * One real Postgres and one real Redis for the whole run, on private ports, with a migrated database to clone. Durability
 * to disk is off in this Postgres: tests kill our processes, not the machine.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'nightshift-test-'));
  const cacheDir = process.env.NIGHTSHIFT_CACHE_DIR ?? path.join(PROJECT_ROOT, '.nightshift', 'cache');
  const log = (message: string) => process.stderr.write(`[test services] ${message}\n`);
  const postgres = await startPostgres({
    dataDir: path.join(dataDir, 'postgres'),
    log,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  });
  const redis = await startRedis({ dataDir: path.join(dataDir, 'redis'), cacheDir, log });
  await createTemplate(postgres.url);
  project.provide('postgresUrl', postgres.url);
  project.provide('redisUrl', redis.url);
  project.provide('templateDatabase', TEMPLATE_DATABASE);
  return async () => {
    await redis.stop();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

async function createTemplate(url: string): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(`create database ${TEMPLATE_DATABASE}`);
  await admin.end();
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${TEMPLATE_DATABASE}`;
  await migrate({
    databaseUrl: templateUrl.href,
    folder: path.join(PROJECT_ROOT, 'migrations'),
    log: createSilentLogger(),
  });
}
