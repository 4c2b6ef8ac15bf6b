import pg from 'pg';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { checkTaskLog } from '../../support/check-task-log.ts';
import { watchTask } from '../../support/event-stream.ts';
import { createSampleDocument } from '../../support/sample-document.ts';
import { type System, startSystem } from '../../support/start-system.ts';

const TASKS = 8;
let system: System | undefined;
afterEach(async () => {
  await system?.stop();
  system = undefined;
});

describe('every connection to Postgres ended once a second', () => {
  it('costs no process, no task and no event', async () => {
    const running = await startSystem({ workers: 2, env: { NIGHTSHIFT_WORKER_CONCURRENCY: '4' } });
    system = running;
    const tasks = await Promise.all(
      Array.from({ length: TASKS }, (_, n) => running.api.submitDocument(`doc-${n}.md`, createSampleDocument(2))),
    );
    const admin = new pg.Client(inject('postgresUrl'));
    await admin.connect();
    const name = new URL(running.databaseUrl).pathname.slice(1);
    let rounds = 0;
    const timer = setInterval(() => {
      rounds += 1;
      admin
        .query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = $1 and pid <> pg_backend_pid() and application_name like 'nightshift%'`,
          [name],
        )
        .catch(() => undefined);
      if (rounds === 8) clearInterval(timer);
    }, 1_000);
    const logs = await Promise.all(
      tasks.map(({ id }) => watchTask(running.api.eventsUrl(id), { key: running.api.key, deadlineMs: 90_000 })),
    ).finally(() => clearInterval(timer));
    await admin.end();
    expect(rounds).toBeGreaterThan(2);
    for (const [index, frames] of logs.entries()) {
      await checkTaskLog(running.pool, tasks[index]?.id ?? '', frames);
      expect(frames.at(-1)?.type).toBe('task.completed');
    }
    for (const service of [...running.workers, running.apiService]) {
      expect(service.output()).not.toMatch(/uncaught exception|unhandled rejection|lease lost/);
      expect(() => process.kill(service.pid, 0)).not.toThrow();
    }
  }, 120_000);
});
