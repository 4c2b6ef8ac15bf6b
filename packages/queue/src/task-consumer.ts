import { isId, type TaskId } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import type { Logger } from '@nightshift/telemetry';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createConnectionLoss, QUEUE_NAME, toConsumerOptions } from './queue-options.ts';
import type { JobData } from './task-queue.ts';

export interface TaskConsumer {
  /** Takes no further job; those that run go on. */
  pause(): Promise<void>;
  /** Stops without waiting for jobs: what they were about is safe in Postgres. */
  close(): Promise<void>;
}

/**
 * Calls `process` for every job, `concurrency` at a time. Nothing that BullMQ knows of a job decides anything: locks,
 * stalls and attempts only cause a delivery more, and a claim in Postgres refuses that.
 */
export function startTaskConsumer(options: {
  redisUrl: string;
  prefix: string;
  concurrency: number;
  log: Logger;
  process(taskId: TaskId): Promise<void>;
}): TaskConsumer {
  const connection = new Redis(options.redisUrl, toConsumerOptions());
  connection.on('error', () => undefined); // BullMQ reports it once more
  const worker = new Worker<JobData>(
    QUEUE_NAME,
    async (job) => {
      const taskId: unknown = job.data.taskId;
      if (isId('task', taskId)) {
        await callWithFailpoints('queue.process', () => options.process(taskId), createConnectionLoss);
      } else options.log.error({ jobId: job.id }, 'a job without a task id was thrown away');
    },
    {
      connection,
      prefix: options.prefix,
      concurrency: options.concurrency,
      lockDuration: 30_000,
      maxStalledCount: 1_000,
      drainDelay: 2,
    },
  );
  let away = false;
  worker.on('error', (error) => {
    if (!away) options.log.warn({ error: error.message }, 'queue error; tasks are claimed from Postgres meanwhile');
    away = true;
  });
  worker.on('active', () => {
    away = false;
  });
  return {
    pause: () => worker.pause(true),
    async close() {
      await worker.close(true);
      connection.disconnect();
    },
  };
}
