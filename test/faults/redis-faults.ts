import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { QUEUE_NAME } from '../../packages/queue/src/queue-options.ts';
import type { Fault } from './lab/run-batch-under-fault.ts';
import type { Lab } from './lab/start-lab.ts';

const wait = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/** Everything Redis may do to us. It is a doorbell and a cache: none of it may cost a task or an event. */
export const REDIS_FAULTS: readonly Fault[] = [
  {
    ids: 'F20',
    name: 'Redis killed -9 and started again empty',
    inject: (lab) => lab.redis.restartEmpty(),
  },
  {
    ids: 'F21',
    name: 'Redis rewound to older files',
    inSample: true,
    async inject(lab, batch) {
      await wait(1_000); // once a second the files are written
      await lab.redis.takeCopy();
      await batch.next('turn.completed');
      await batch.next('turn.completed');
      await lab.redis.rewind();
    },
  },
  {
    ids: 'F25',
    name: 'Redis half open: a black hole both ways, without a reset',
    inSample: true,
    async inject(lab) {
      lab.between.redis.blackHole({ up: true, down: true });
      await wait(2_500);
    },
  },
  {
    ids: 'F26',
    name: 'replies of Redis lost after the command was done',
    inSample: true,
    async inject(lab) {
      for (const marker of ['evalsha', 'EVALSHA', 'xrange', 'publish']) {
        void lab.between.redis.swallowReplyTo(marker);
        await wait(300);
      }
    },
  },
  {
    ids: 'F27',
    name: 'every client of Redis killed, again and again',
    async inject(lab) {
      for (let i = 0; i < 4; i++) {
        await lab.redis.killClients('normal');
        await lab.redis.killClients('pubsub');
        await wait(400);
      }
    },
  },
  {
    ids: 'F28',
    name: 'Redis pausing everything',
    async inject(lab) {
      await lab.redis.pause(2_500, 'ALL');
      await wait(2_500);
    },
  },
  {
    ids: 'F28',
    name: 'Redis pausing writes',
    async inject(lab) {
      await lab.redis.pause(2_500, 'WRITE');
      await wait(2_500);
    },
  },
  {
    ids: 'F29',
    name: 'Redis out of memory, without eviction',
    async inject(lab) {
      await lab.redis.call('CONFIG', 'SET', 'maxmemory', 1);
      await wait(2_500);
      await lab.redis.call('CONFIG', 'SET', 'maxmemory', 0);
    },
  },
  {
    ids: 'F30',
    name: 'Redis evicting what it likes',
    async inject(lab) {
      await lab.redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random');
      await lab.redis.call('CONFIG', 'SET', 'maxmemory', 1_500_000);
      await wait(2_500);
      await lab.redis.call('CONFIG', 'SET', 'maxmemory', 0);
      await lab.redis.call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    },
  },
  {
    ids: 'F31',
    name: 'Redis a read-only replica after a failover',
    async inject(lab) {
      await lab.redis.call('REPLICAOF', '127.0.0.1', 1);
      await wait(2_500);
      await lab.redis.call('REPLICAOF', 'NO', 'ONE');
    },
  },
  {
    ids: 'F32',
    name: 'Redis stopped by SIGSTOP for longer than a lease',
    async inject(lab) {
      await lab.redis.freeze();
      await wait(lab.leaseMs + 1_000);
    },
  },
  {
    ids: 'F33',
    name: 'every task delivered twice at once',
    async inject(lab, batch) {
      await withRedis(lab, async (redis) => {
        const queue = new Queue(QUEUE_NAME, { connection: redis, prefix: lab.redisPrefix });
        for (const copy of [1, 2]) {
          await queue.addBulk(
            batch.taskIds.map((taskId) => ({
              name: 'Redis run',
              data: { taskId, dispatchNo: 1 },
              opts: { jobId: `${taskId}.copy${copy}` },
            })),
          );
        }
      });
    },
  },
  {
    ids: 'F35',
    name: 'data of jobs replaced by garbage',
    inject: (lab) =>
      withRedis(lab, async (redis) => {
        for (const key of await redis.keys(`${lab.redisPrefix}:*:*`)) {
          if ((await redis.type(key)) === 'hash' && /task_/.test(key)) await redis.hset(key, 'data', '{');
        }
      }),
  },
  {
    ids: 'F37',
    name: 'streams deleted under connected clients',
    async inject(lab, batch) {
      for (let i = 0; i < 5; i++) {
        await withRedis(lab, (redis) => redis.del(...batch.taskIds.map((id) => `${lab.redisPrefix}:{${id}}:events`)));
        await wait(300);
      }
    },
  },
  {
    ids: 'F16',
    name: 'Redis slow: 150 ms each way',
    async inject(lab) {
      lab.between.redis.delay(150);
      await wait(3_000);
    },
  },
  {
    ids: 'F72',
    name: 'pushes lost while tasks end',
    async inject(lab, batch) {
      for (let i = 0; i < 12; i++) {
        await batch.next('artifact.completed', 'task.completed').catch(() => undefined);
        await lab.redis.killClients('pubsub');
        if (batch.seen.filter((frame) => frame.type === 'task.completed').length >= batch.taskIds.length) return;
      }
    },
  },
];

async function withRedis(lab: Lab, use: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(lab.redis.url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  try {
    await use(redis);
  } finally {
    redis.disconnect();
  }
}
