import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import type { Incarnation, NewEvent, TaskId } from '../../../packages/domain/src/index.ts';
import {
  createEventHub,
  createFlusher,
  createPublisher,
  type EventHub,
  type Flusher,
  type Publisher,
  type TaskLog,
} from '../../../packages/eventlog/src/index.ts';
import { claimTasks, type EventRow, openPool, type Pool, readEvents } from '../../../packages/store/src/index.ts';
import { openRedis, type RedisConnections } from '../../../packages/streams/src/index.ts';
import { createMetrics, createSilentLogger, type Metrics } from '../../../packages/telemetry/src/index.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';
import { createTestDatabase } from '../../support/test-database.ts';

/** What happens around each statement of a tapped pool; a throw is what its caller gets. */
export interface Tap {
  before?: ((statement: string, values: unknown[]) => Promise<void> | void) | undefined;
  after?: ((statement: string, values: unknown[]) => Promise<void> | void) | undefined;
}

/** The event log of a worker and of an API process on a database of its own. */
export interface EventFixture {
  pool: Pool;
  databaseUrl: string;
  redis: RedisConnections;
  metrics: Metrics;
  publisher: Publisher;
  /** The one `openLogs` opens in; a test may bring its own. */
  flusher: Flusher;
  createFlusher(): Flusher;
  hub: EventHub;
  /** Around the statements of the flusher. */
  flushTap: Tap;
  /** Around the statements of the hub. */
  hubTap: Tap;
  incarnation: Incarnation;
  /** Claims new tasks and opens their logs. */
  openLogs(count: number, onCancelRequested?: () => void): Promise<TaskLog[]>;
  openLog(onCancelRequested?: () => void): Promise<TaskLog>;
  claim(taskId: TaskId): Promise<{ epoch: number; events: EventRow }>;
  rowsOf(taskId: TaskId): Promise<EventRow[]>;
  typesOf(taskId: TaskId): Promise<string[]>;
  close(): Promise<void>;
}

const MAX_ROWS = 10_000;

export async function createEventFixture(options: { redisUrl?: string } = {}): Promise<EventFixture> {
  const database = await createTestDatabase();
  const log = createSilentLogger();
  const metrics = createMetrics();
  const pool = openPool({ databaseUrl: database.url, applicationName: 'test', maxConnections: 10, log });
  const redis = openRedis({
    url: options.redisUrl ?? inject('redisUrl'),
    name: 'test',
    prefix: `t-${randomUUID().slice(0, 8)}`,
    log,
  });
  const flushTap: Tap = {};
  const hubTap: Tap = {};
  const publisher = createPublisher({ db: pool, redis, log, metrics });
  const newFlusher = () => createFlusher({ pool: tapPool(pool, flushTap), publisher, log, metrics });
  const hub = createEventHub({ pool: tapPool(pool, hubTap), redis, log, metrics });
  const incarnation = await registerTestWorker(pool, 600_000);

  async function claimAll(taskIds: TaskId[]) {
    return claimTasks(pool, { taskIds, incarnation, workerName: 'test' });
  }

  async function openLogs(count: number, onCancelRequested: () => void = () => undefined): Promise<TaskLog[]> {
    const taskIds: TaskId[] = [];
    for (let i = 0; i < count; i++) taskIds.push((await insertQueuedTask(pool)).taskId);
    return (await claimAll(taskIds)).map(({ taskId, epoch, events }) => {
      const opened = fixture.flusher.open({ taskId, epoch, onCancelRequested });
      opened.lastSeq = events.lastSeq;
      return opened;
    });
  }

  const fixture: EventFixture = {
    pool,
    databaseUrl: database.url,
    redis,
    metrics,
    publisher,
    flusher: newFlusher(),
    createFlusher: newFlusher,
    hub,
    flushTap,
    hubTap,
    incarnation,
    openLogs,
    async openLog(onCancelRequested) {
      const [opened] = await openLogs(1, onCancelRequested);
      if (!opened) throw new Error('not claimed');
      return opened;
    },
    async claim(taskId) {
      const [claimed] = await claimAll([taskId]);
      if (!claimed) throw new Error('not claimed');
      return claimed;
    },
    rowsOf: (taskId) => readEvents(pool, taskId, 0, MAX_ROWS),
    typesOf: async (taskId) => (await readEvents(pool, taskId, 0, MAX_ROWS)).flatMap((row) => row.types),
    async close() {
      hub.close();
      await publisher.idle();
      await redis.close();
      await pool.end();
      await database.drop();
    },
  };
  return fixture;
}

/** The pool with something happening around each of its statements. */
export function tapPool(pool: Pool, tap: Tap): Pool {
  return new Proxy(pool, {
    get(target, key) {
      if (key !== 'query') return Reflect.get(target, key);
      return async (config: { name: string; text: string; values: unknown[] }) => {
        await tap.before?.(config.name, config.values);
        const result = await target.query(config);
        await tap.after?.(config.name, config.values);
        return result;
      };
    },
  });
}

/** An error as a lost connection makes it. */
export function createLostConnection(): Error {
  return Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
}

/** A gate that holds whoever passes until it is opened. */
export function createGate(): { pass(): Promise<void>; open(): void; arrivals: number } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const gate = {
    arrivals: 0,
    pass() {
      gate.arrivals += 1;
      return opened;
    },
    open: () => open(),
  };
  return gate;
}

export function textDelta(text: string, block = 0, stepId = 'step_1'): NewEvent {
  return { type: 'text.delta', stepId, data: { turn: 1, block, text } };
}

export function progress(n: number): NewEvent {
  return { type: 'task.progress', data: { n } };
}

/** The texts of a task's events of a type, in order. */
export function dataOf(rows: readonly EventRow[], type: string): Record<string, unknown>[] {
  return rows.flatMap((row) =>
    row.payload
      .split('\n')
      .filter((_, index) => row.types[index] === type)
      .map((line) => (JSON.parse(line) as { data: Record<string, unknown> }).data),
  );
}
