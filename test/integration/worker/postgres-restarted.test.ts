import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { findFreePort } from '../../../packages/local/src/stack/choose-port.ts';
import { type RunningPostgres, startPostgres } from '../../../packages/local/src/stack/start-postgres.ts';
import { migrate, openPool, type Pool } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { ApiClient } from '../../support/api-client.ts';
import { checkTaskLog } from '../../support/check-task-log.ts';
import { watchTask } from '../../support/event-stream.ts';
import { eventually } from '../../support/eventually.ts';
import { createSampleDocument } from '../../support/sample-document.ts';
import { type Service, spawnService } from '../../support/spawn-service.ts';
import { type System, startSystem } from '../../support/start-system.ts';

const TASKS = 6;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A Postgres that only this test uses, with the same tenant and key as the system's. */
async function startOwnPostgres(system: System): Promise<{ postgres: RunningPostgres; pool: Pool }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'nightshift-restart-'));
  cleanups.push(() => rm(dataDir, { recursive: true, force: true }));
  const postgres = await startPostgres({ dataDir, log: () => undefined });
  cleanups.push(() => postgres.stop());
  const log = createSilentLogger();
  await migrate({ databaseUrl: postgres.url, folder: path.resolve('migrations'), log });
  const pool = openPool({ databaseUrl: postgres.url, applicationName: 'test', maxConnections: 4, log });
  cleanups.push(() => pool.end());
  for (const table of ['tenants', 'api_keys']) {
    const { rows } = await system.pool.query<Record<string, unknown>>(`select * from ${table}`);
    for (const row of rows) {
      const columns = Object.keys(row);
      const places = columns.map((_, index) => `$${index + 1}`).join(', ');
      await pool.query(`insert into ${table} (${columns.join(', ')}) values (${places})`, Object.values(row));
    }
  }
  return { postgres, pool };
}

function spawn(app: 'api' | 'worker', name: string, env: Record<string, string>): Service {
  const service = spawnService(app, name, env);
  cleanups.push(() => service.stop());
  return service;
}

describe('Postgres restarted without a checkpoint while tasks run', () => {
  it('costs no process, no task, no event and no suspicion', async () => {
    const system = await startSystem({ workers: 0 });
    cleanups.push(() => system.stop());
    const { postgres, pool } = await startOwnPostgres(system);
    const port = await findFreePort();
    const env = { ...system.env, DATABASE_URL: postgres.url, PORT: String(port), NIGHTSHIFT_REDIS_PREFIX: 'restart' };
    const services = [
      spawn('api', 'api', env),
      spawn('worker', 'w1', { ...env, NIGHTSHIFT_WORKER_NAME: 'w1', NIGHTSHIFT_WORKER_CONCURRENCY: '3' }),
      spawn('worker', 'w2', { ...env, NIGHTSHIFT_WORKER_NAME: 'w2', NIGHTSHIFT_WORKER_CONCURRENCY: '3' }),
    ];
    await eventually('all are ready', async () => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
      return response?.ok && services.slice(1).every((service) => service.output().includes('worker ready'));
    });
    system.model.script.push({
      match: { turn: 1 },
      replies: Array.from({ length: TASKS }, () => ({
        type: 'extractive' as const,
        delivery: { delayBetweenChunksMs: 60 },
      })),
    });
    const api = new ApiClient(`http://127.0.0.1:${port}`, system.api.key);
    const tasks = await Promise.all(
      Array.from({ length: TASKS }, (_, n) => api.submitDocument(`doc-${n}.md`, createSampleDocument())),
    );
    const watched = tasks.map(({ id }) => watchTask(api.eventsUrl(id), { key: api.key, deadlineMs: 90_000 }));
    await eventually('turns are under way', async () => {
      const { rows } = await pool.query("select 1 from task_events where 'text.delta' = any(types)");
      return rows.length >= 3;
    });
    const { pid } = postgres;
    if (pid === undefined) throw new Error('no Postgres');
    process.kill(pid, 'SIGQUIT'); // `pg_ctl stop -m immediate`; it is started again by whoever keeps it running
    await eventually('it was restarted', () => postgres.pid !== undefined && postgres.pid !== pid);
    const logs = await Promise.all(watched);
    for (const [index, frames] of logs.entries()) {
      await checkTaskLog(pool, tasks[index]?.id ?? '', frames);
      expect(frames.at(-1)?.type).toBe('task.completed');
    }
    expect((await pool.query('select 1 from tasks where suspicion > 0')).rows).toEqual([]);
    for (const service of services) expect(service.output()).not.toMatch(/uncaught|unhandled|lease lost/);
    const { rows } = await pool.query<{ epochs: number }>('select max(epoch)::integer as epochs from task_heads');
    expect(rows).toEqual([{ epochs: 1 }]); // the same workers went on: a restart is not a takeover
  }, 150_000);
});
