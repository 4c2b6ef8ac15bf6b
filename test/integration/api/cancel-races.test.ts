import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, NO_USAGE, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { createFlusher, FencedError, type Flusher, type TaskLog } from '../../../packages/eventlog/src/index.ts';
import {
  claimTasks,
  flushTasks,
  openPool,
  type Pool,
  readEvents,
  type Settlement,
} from '../../../packages/store/src/index.ts';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { chooseSeed, createSeededRandom } from '../../support/seeded-random.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

const RACES = 360;
const AT_ONCE = 12;
/** A settlement takes about as long as a cancel: within this either may come first. */
const MAX_HEAD_START_MS = 12;

let api: TestApi;
let flushPool: Pool;
let flusher: Flusher;
let incarnation: Awaited<ReturnType<typeof registerTestWorker>>;

beforeAll(async () => {
  api = await startTestApi();
  const log = createSilentLogger();
  flushPool = openPool({ databaseUrl: api.config.database.url, applicationName: 'flush', maxConnections: 1, log });
  const publisher = { publish: () => undefined, idle: async () => undefined };
  flusher = createFlusher({ pool: flushPool, publisher, log, metrics: createMetrics() });
  incarnation = await registerTestWorker(api.context.pool);
});

afterAll(async () => {
  await flushPool.end();
  await api.stop();
});

async function startTask(): Promise<{ taskId: TaskId; epoch: number; log: TaskLog; wasTold: () => boolean }> {
  const response = await api.call('POST', '/v1/tasks', { body: { agent: 'test', input: 1 } });
  const { id: taskId } = (await response.json()) as { id: TaskId };
  const [task] = await claimTasks(api.context.pool, { taskIds: [taskId], incarnation, workerName: 'racer' });
  if (!task) throw new Error('not claimed');
  let told = false;
  const onCancelRequested = () => {
    told = true;
  };
  const log = flusher.open({ taskId, epoch: task.epoch, onCancelRequested });
  return { taskId, epoch: task.epoch, log, wasTold: () => told };
}

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function toSettlement(to: Settlement['to']): Settlement {
  return { to, usage: NO_USAGE, attempts: 0, history: [], ...(to === 'completed' ? { result: '"done"' } : {}) };
}

/** The worker's side of the race, as settle in run-task.ts does it. */
async function complete(log: TaskLog): Promise<'completed' | 'cancelled' | 'fenced'> {
  try {
    const first = await log.settle(toSettlement('completed'), { events: [{ type: 'task.completed', data: {} }] });
    if (first === 'settled') return 'completed';
    expect(first).toBe('cancel_first');
    await log.settle(toSettlement('cancelled'), { events: [{ type: 'task.cancelled', data: {} }] });
    return 'cancelled';
  } catch (thrown) {
    if (thrown instanceof FencedError) return 'fenced';
    throw thrown;
  }
}

async function typesOf(taskId: TaskId): Promise<string[]> {
  const rows = await readEvents(api.context.pool, taskId, 0, 1_000);
  expect(rows.flatMap((row) => [row.firstSeq, row.lastSeq])).toEqual(
    rows.flatMap((row) => [row.firstSeq, row.lastSeq]).sort((a, b) => a - b),
  );
  return rows.flatMap((row) => row.types);
}

/** One race; gives the winner that both sides saw. */
async function race(headStartMs: number, force: boolean): Promise<'completed' | 'cancelled'> {
  const { taskId, log } = await startTask();
  const cancel = async () => {
    await after(Math.max(0, -headStartMs));
    return api.call('POST', `/tasks/${taskId}/cancel`, { body: { force } });
  };
  const finish = async () => {
    await after(Math.max(0, headStartMs));
    return complete(log);
  };
  const [response, worker] = await Promise.all([cancel(), finish()]);
  flusher.close(log);
  const winner = response.status === 409 ? 'completed' : 'cancelled';
  expect([202, 409]).toContain(response.status);
  expect(worker).toBe(winner === 'completed' ? 'completed' : force ? 'fenced' : 'cancelled');
  const task = (await (await api.call('GET', `/tasks/${taskId}`)).json()) as { status: string; result: unknown };
  expect(task).toMatchObject({ status: winner, result: winner === 'completed' ? 'done' : null });
  const types = await typesOf(taskId);
  expect(types.filter((type) => /^task\.(completed|cancelled|failed|expired)$/.test(type))).toEqual([`task.${winner}`]);
  expect(types.at(-1)).toBe(`task.${winner}`);
  return winner;
}

describe('cancel and complete', () => {
  it(`have exactly one winner, and both sides see the same one, in ${RACES} races`, async () => {
    const random = createSeededRandom(chooseSeed());
    const wins = { completed: 0, cancelled: 0 };
    for (let done = 0; done < RACES; done += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, n) =>
        race((random() - 0.5) * 2 * MAX_HEAD_START_MS, (done + n) % 3 === 0),
      );
      for (const winner of await Promise.all(batch)) wins[winner]++;
    }
    process.stderr.write(`[races] completed ${wins.completed}, cancelled ${wins.cancelled}\n`);
    expect(Math.min(wins.completed, wins.cancelled)).toBeGreaterThan(RACES / 20); // else it was no race
  }, 120_000);
});

describe('after a cancel', () => {
  it.each([
    ['by its worker', false],
    ['by force', true],
  ])('%s nothing is written for the task any more: no event, no step, no artifact', async (_, force) => {
    const { taskId, epoch, log, wasTold } = await startTask();
    await log.commit({ events: [{ type: 'tool.started', data: {} }] });
    await api.call('POST', `/tasks/${taskId}/cancel`, { body: { force } });
    expect(await complete(log)).toBe(force ? 'fenced' : 'cancelled');
    expect(wasTold()).toBe(true);
    const before = await typesOf(taskId);
    const late = { type: 'task.completed', visibility: 'user' as const, line: '{"type":"task.completed"}' };
    const id = createId('step');
    for (const flushNo of [1, 2, 3, 4, 5]) {
      const [answer] = await flushTasks(api.context.pool, [
        {
          taskId,
          epoch,
          flushNo,
          events: [late],
          steps: [
            {
              ...{ id, run: 1, stepKey: 't1', turn: 1, position: 0, kind: 'turn', name: 'm', status: 'done' },
              attempts: 1,
              startedAt: new Date(),
            },
          ],
          artifacts: [
            {
              ...{ id: createId('art'), run: 1, stepId: id, name: 'a', mediaType: 'text/plain', status: 'uploading' },
              ...{ bytes: 0, s3Key: `late/${taskId}/${flushNo}`, usable: false },
            },
          ],
          settlement: toSettlement('completed'),
        },
      ]);
      expect(['fenced', 'repeated']).toContain(answer?.verdict);
    }
    expect(await typesOf(taskId)).toEqual(before);
    expect(before.at(-1)).toBe('task.cancelled');
    const { rows } = await api.context.pool.query(
      `select (select count(*)::int from task_steps where task_id = $1) as steps,
        (select count(*)::int from artifacts where task_id = $1) as artifacts`,
      [toUuid(taskId)],
    );
    expect(rows).toEqual([{ steps: 0, artifacts: 0 }]);
    flusher.close(log);
  });
});
