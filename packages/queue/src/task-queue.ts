import type { TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import type { Logger } from '@nightshift/telemetry';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createConnectionLoss, QUEUE_NAME, toProducerOptions } from './queue-options.ts';

/** One offer of a task to the workers. The number makes the job id unique: BullMQ forgets ids, and tracks by them. */
export interface Delivery {
  taskId: TaskId;
  dispatchNo: number;
  /** Goes before the jobs that wait. */
  isAhead?: boolean;
}

export interface TaskQueue {
  /**
   * Adds a job per delivery: "please look at task X". Best effort within a bounded time; a delivery that is lost is made
   * again by the dispatcher. Calls of one turn of the event loop share one round trip.
   */
  enqueue(deliveries: readonly Delivery[]): Promise<void>;
  /** Jobs that no worker has taken yet. Throws when Redis is away. */
  waitingCount(): Promise<number>;
  close(): Promise<void>;
}

/** The data of a job: an id and nothing else. Redis holds nothing that anybody would miss. */
export interface JobData {
  taskId: TaskId;
}

const MAX_JOBS_PER_ADD = 500;

export function createTaskQueue(options: { redisUrl: string; prefix: string; log: Logger }): TaskQueue {
  const connection = new Redis(options.redisUrl, toProducerOptions());
  connection.on('error', () => undefined); // reported by whoever calls
  let created: Queue<JobData> | undefined;

  /**
   * BullMQ asks the server for its version when a queue is made, and one refusal stays for ever (measured, 6.7.0): the
   * queue is made when Redis is there for the first time. Throws while Redis is away.
   */
  function openQueue(): Queue<JobData> {
    if (connection.status !== 'ready') throw new Error('Redis is away');
    if (created) return created;
    created = new Queue<JobData>(QUEUE_NAME, {
      connection,
      prefix: options.prefix,
      skipWaitingForReady: true,
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true, stackTraceLimit: 0 },
    });
    created.on('error', () => undefined); // whoever calls is told
    return created;
  }

  let pending: Delivery[] = [];
  let scheduled: Promise<void> | undefined;

  async function addPending(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const deliveries = pending;
    pending = [];
    scheduled = undefined;
    const queue = openQueue();
    for (let i = 0; i < deliveries.length; i += MAX_JOBS_PER_ADD) {
      const jobs = deliveries.slice(i, i + MAX_JOBS_PER_ADD).map(({ taskId, dispatchNo, isAhead }) => ({
        name: 'run',
        data: { taskId },
        opts: { jobId: `${taskId}.${dispatchNo}`, lifo: isAhead === true },
      }));
      await callWithFailpoints('queue.add', () => queue.addBulk(jobs), createConnectionLoss);
    }
  }

  return {
    enqueue(deliveries) {
      pending.push(...deliveries);
      scheduled ??= addPending().catch((error: unknown) => {
        options.log.warn({ error: String(error) }, 'jobs not added; the dispatcher offers the tasks again');
      });
      return scheduled;
    },
    waitingCount: async () => {
      const queue = openQueue();
      return callWithFailpoints('queue.count', () => queue.getWaitingCount(), createConnectionLoss);
    },
    async close() {
      await scheduled;
      await created?.close();
      connection.disconnect();
    },
  };
}
