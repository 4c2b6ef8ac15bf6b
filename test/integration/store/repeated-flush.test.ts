import { afterEach, describe, expect, it } from 'vitest';
import { toEventLine } from '../../../packages/domain/src/index.ts';
import { claimTasks, flushTasks, openPool, type Pool, type TaskFlush } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

/** Of so many pairs about 3 % met the commit of the other one between their snapshot and their lock (measured). */
const PAIRS = 800;

let database: TestDatabase | undefined;
let pool: Pool | undefined;
afterEach(async () => {
  await pool?.end();
  await database?.drop();
});

/**
 * A reply is lost while its statement still runs: the same flush is sent again, and the two race. Whoever is told
 * `repeated` goes on from the numbers it is given; without them it would neither know where its open turn began (a half
 * turn would never be declared void, I15) nor publish.
 */
describe('a flush that is repeated while the first one is being committed', () => {
  it('is answered with the numbers it got then, or to come again', async () => {
    database = await createTestDatabase();
    pool = openPool({
      databaseUrl: database.url,
      applicationName: 'test',
      maxConnections: 2,
      log: createSilentLogger(),
    });
    const db = pool;
    const incarnation = await registerTestWorker(db);
    const { taskId } = await insertQueuedTask(db);
    const [claimed] = await claimTasks(db, { taskIds: [taskId], incarnation, workerName: 'test' });
    const epoch = claimed?.epoch ?? 0;
    for (let flushNo = 1; flushNo <= PAIRS; flushNo++) {
      const event = toEventLine({ type: 'log', data: { flushNo } }, epoch, new Date());
      const flush: TaskFlush = { taskId, epoch, flushNo, events: [event], steps: [], artifacts: [] };
      const answers = await Promise.all([flushTasks(db, [flush]), flushTasks(db, [flush])]);
      for (const [answer] of answers) {
        if (answer?.verdict !== 'busy') expect(answer).toMatchObject({ firstSeq: flushNo + 2 });
      }
    }
  }, 60_000);
});
