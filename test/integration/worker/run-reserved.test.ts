import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runReserved } from '../../../apps/worker/src/isolation/run-reserved.ts';
import { type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { openPool, openSession, type Pool, type Session } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const log = createSilentLogger();
let database: TestDatabase;
let pool: Pool;
const sessions: Session[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 4, log });
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** A worker whose children are promises. */
function openWorker(patienceMs = 20_000) {
  const session = openSession({ databaseUrl: database.url, applicationName: 'presence', log });
  sessions.push(session);
  const shutdown = new AbortController();
  const children: { end(): void }[] = [];
  const run = () => new Promise<void>((end) => children.push({ end }));
  const take = (taskId: TaskId) => runReserved({ session, shutdown: shutdown.signal, log, run, patienceMs }, taskId);
  return { session, shutdown, children, take };
}

async function setStatus(taskId: TaskId, status: string): Promise<void> {
  await pool.query('update task_heads set status = $2 where task_id = $1', [toUuid(taskId), status]);
}

describe('runReserved', () => {
  it('starts one child for a suspect that comes to three workers at once, and the others let it go when it is claimed', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const workers = [openWorker(), openWorker(), openWorker()];
    const children = () => workers.flatMap((worker) => worker.children);
    let ended = 0;
    const takes = workers.map((worker) => worker.take(taskId).then(() => ended++));
    await eventually('a child was started', () => children().length > 0);
    await setStatus(taskId, 'running');
    await eventually('the others are done', () => ended === 2);
    expect(children()).toHaveLength(1);
    children()[0]?.end();
    await Promise.all(takes);
  });

  it('starts one at once after the worker that had reserved it died, or its child has left', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const [first, second, third] = [openWorker(), openWorker(), openWorker()];
    void first.take(taskId);
    await eventually('the first runs it', () => first.children.length === 1);
    const taken = second.take(taskId);
    await first.session.close();
    await eventually('the second runs it', () => second.children.length === 1);
    second.children[0]?.end();
    await taken;
    void third.take(taskId);
    await eventually('the third runs it', () => third.children.length === 1);
  });

  it('starts one all the same when the task stays queued though somebody has reserved it', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const [first, second] = [openWorker(), openWorker(300)];
    void first.take(taskId);
    await eventually('the first is about to run it', () => first.children.length === 1);
    void second.take(taskId);
    await eventually('the second runs it', () => second.children.length === 1);
  });

  it('starts none for a task that was run elsewhere while it waited, nor when the worker goes down', async () => {
    const { taskId } = await insertQueuedTask(pool);
    const [first, second] = [openWorker(), openWorker()];
    second.shutdown.abort();
    await second.take(taskId);
    await setStatus(taskId, 'completed');
    await first.take(taskId);
    expect([...first.children, ...second.children]).toEqual([]);
  });
});
