import type { TaskId } from '../../../packages/domain/src/index.ts';
import type { TaskQueue } from '../../../packages/queue/src/index.ts';
import type { Dice } from './dice.ts';
import { SimProcess } from './sim-process.ts';
import type { SimRedis } from './sim-redis.ts';
import type { VirtualTime } from './virtual-time.ts';

const PUMP_INTERVAL_MS = 20;
const REDELIVERY_MS = 3_000;

/** A worker as the queue sees it. */
export interface Consumer {
  readonly process: SimProcess;
  hasRoom(): boolean;
  take(taskId: TaskId): Promise<void>;
}

/**
 * BullMQ as far as anything depends on it: a job is given to some worker, sometimes to two, again when its worker died, and
 * never when Redis has forgotten it.
 */
export class SimJobQueue {
  readonly #options: { time: VirtualTime; dice: Dice; redis: SimRedis; duplicates: () => number };
  readonly #process = new SimProcess('queue');
  readonly #consumers = new Set<Consumer>();

  constructor(options: { time: VirtualTime; dice: Dice; redis: SimRedis; duplicates: () => number }) {
    this.#options = options;
    this.#pumpLater();
  }

  /** The producer's side, as packages/queue has it. */
  open(): TaskQueue {
    const { redis } = this.#options;
    return {
      async enqueue(deliveries) {
        if (redis.isAway) return;
        for (const { taskId } of deliveries) redis.addJob({ taskId });
      },
      async waitingCount() {
        if (redis.isAway) throw new Error('Redis is away');
        return redis.jobs.length;
      },
      close: async () => undefined,
    };
  }

  consume(consumer: Consumer): void {
    this.#consumers.add(consumer);
  }

  leave(consumer: Consumer): void {
    this.#consumers.delete(consumer);
  }

  #pumpLater(): void {
    this.#options.time.schedule(this.#process, PUMP_INTERVAL_MS, '', () => {
      this.#pump();
      this.#pumpLater();
    });
  }

  #pump(): void {
    const { time, dice, redis, duplicates } = this.#options;
    if (redis.isAway) return;
    for (const consumer of this.#consumers) if (consumer.process.isDead) this.#consumers.delete(consumer);
    for (;;) {
      const ready = [...this.#consumers].filter(
        (consumer) => consumer.process.frozenUntil <= time.now && consumer.hasRoom(),
      );
      const consumer = dice.pick(ready);
      const job = consumer && redis.jobs.shift();
      if (!job) return;
      const taskId = job.taskId as TaskId;
      time.schedule(consumer.process, dice.between(0.1, 3), `job ${taskId}`, () => {
        consumer.take(taskId).catch(() => undefined);
      });
      time.schedule(this.#process, REDELIVERY_MS, '', () => {
        if (consumer.process.isDead && !redis.isAway) redis.addJob(job);
      });
      if (dice.chance(duplicates())) {
        time.schedule(this.#process, dice.between(1, 500), '', () => redis.isAway || redis.addJob(job));
      }
    }
  }
}
