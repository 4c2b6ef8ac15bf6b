import type { Member } from '../lab/fleet.ts';
import type { Lab } from '../lab/start-lab.ts';
import type { Stop } from './find-takeovers.ts';

/** What a fault of the soak works with. */
export interface Chaos {
  readonly lab: Lab;
  readonly random: () => number;
  readonly stops: Stop[];
}

export interface SoakFault {
  readonly name: string;
  /** How often it is chosen, compared with the others. */
  readonly weight: number;
  /** Faults of one server do not overlap; what says nothing may happen at any time. */
  readonly on?: 'redis' | 'postgres' | 'model' | 's3';
  /** Takes its own effect back. Resolves with what exactly was done, for the report. */
  run(chaos: Chaos): Promise<string>;
}

const wait = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));
const between = (random: () => number, low: number, high: number) => Math.round(low + random() * (high - low));

function pick<T>(list: readonly T[], random: () => number): T {
  const chosen = list[Math.floor(random() * list.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

function pickMember({ lab, random }: Chaos, kind: Member['kind']): Member {
  return pick(
    lab.fleet.members.filter((member) => member.kind === kind),
    random,
  );
}

async function freezeWorker(chaos: Chaos, forMs: number): Promise<string> {
  const worker = pickMember(chaos, 'worker');
  if (worker.isFrozen) return 'nobody: it is frozen already';
  const { service } = worker;
  const atMs = Date.now();
  chaos.stops.push({ kind: 'freeze', processName: service.name, atMs, untilMs: atMs + forMs });
  chaos.lab.fleet.freeze(worker);
  await wait(forMs);
  if (worker.service === service) chaos.lab.fleet.thaw(worker);
  return `${service.name} for ${forMs} ms`;
}

const PROCESS_FAULTS: readonly SoakFault[] = [
  {
    name: 'kill -9 of a worker',
    weight: 6,
    async run(chaos) {
      const worker = pickMember(chaos, 'worker');
      const { name } = worker.service;
      chaos.stops.push({ kind: 'kill', processName: name, atMs: Date.now() });
      chaos.lab.fleet.kill(worker);
      return name;
    },
  },
  {
    name: 'kill -9 of an API',
    weight: 2,
    async run(chaos) {
      const api = pickMember(chaos, 'api');
      const { name } = api.service;
      chaos.lab.fleet.kill(api);
      return name;
    },
  },
  {
    name: 'SIGSTOP of a worker, short',
    weight: 2,
    run: (chaos) => freezeWorker(chaos, between(chaos.random, 300, 2_000)),
  },
  {
    name: 'SIGSTOP of a worker, beyond its lease',
    weight: 2,
    run: (chaos) => freezeWorker(chaos, chaos.lab.leaseMs + between(chaos.random, 4_000, 9_000)),
  },
];

const REDIS_FAULTS: readonly SoakFault[] = [
  {
    name: 'FLUSHALL',
    weight: 3,
    on: 'redis',
    run: async ({ lab }) => lab.redis.flush().then(() => ''),
  },
  {
    name: 'Redis rewound',
    weight: 2,
    on: 'redis',
    async run({ lab, random }) {
      await lab.redis.takeCopy();
      const olderMs = between(random, 1_000, 3_000);
      await wait(olderMs);
      await lab.redis.rewind();
      return `by ${olderMs} ms`;
    },
  },
  {
    name: 'Redis killed, back empty',
    weight: 1,
    on: 'redis',
    run: async ({ lab }) => lab.redis.restartEmpty().then(() => ''),
  },
  {
    name: 'Redis away',
    weight: 1,
    on: 'redis',
    async run({ lab, random }) {
      const forMs = between(random, 1_000, 5_000);
      await lab.redis.kill();
      await wait(forMs);
      await lab.redis.start();
      return `for ${forMs} ms`;
    },
  },
  {
    name: 'CLIENT PAUSE',
    weight: 2,
    on: 'redis',
    async run({ lab, random }) {
      const forMs = between(random, 500, 4_000);
      const mode = random() < 0.5 ? 'ALL' : 'WRITE';
      await lab.redis.pause(forMs, mode);
      await wait(forMs);
      return `${mode} for ${forMs} ms`;
    },
  },
  {
    name: 'CLIENT KILL',
    weight: 1,
    on: 'redis',
    async run({ lab, random }) {
      const kind = random() < 0.5 ? 'normal' : 'pubsub';
      await lab.redis.killClients(kind);
      return kind;
    },
  },
  {
    name: 'black hole to Redis',
    weight: 1,
    on: 'redis',
    async run({ lab, random }) {
      const forMs = between(random, 500, 3_000);
      lab.between.redis.blackHole({ up: true, down: true });
      await wait(forMs);
      lab.between.redis.restore();
      return `for ${forMs} ms`;
    },
  },
];

const POSTGRES_FAULTS: readonly SoakFault[] = [
  {
    name: 'backends terminated',
    weight: 2,
    on: 'postgres',
    run: async ({ lab }) => `${await lab.postgres.terminateBackends()} of them`,
  },
  {
    name: 'Postgres restarted immediately',
    weight: 1,
    on: 'postgres',
    run: async ({ lab }) => lab.postgres.restartImmediately().then(() => ''),
  },
  {
    name: 'latency to Postgres',
    weight: 2,
    on: 'postgres',
    async run({ lab, random }) {
      const latencyMs = between(random, 20, 200);
      lab.between.postgres.delay(latencyMs);
      await wait(3_000);
      lab.between.postgres.restore();
      return `${latencyMs} ms each way for 3000 ms`;
    },
  },
  {
    name: 'black hole to Postgres',
    weight: 1,
    on: 'postgres',
    async run({ lab, random }) {
      const forMs = between(random, 500, 2_500);
      lab.between.postgres.blackHole({ up: true, down: true });
      await wait(forMs);
      lab.between.postgres.restore();
      return `for ${forMs} ms`;
    },
  },
  {
    name: 'replies of Postgres swallowed',
    weight: 4,
    on: 'postgres',
    async run({ lab, random }) {
      const statement = pick(['flush-tasks', 'flush-tasks', 'claim-tasks', 'renew-lease', 'insert-task'], random);
      await Promise.race([lab.between.postgres.swallowReplyTo(statement), wait(3_000)]);
      return statement;
    },
  },
];

const VENDOR_FAULTS: readonly SoakFault[] = [
  {
    name: 'the model fails and cuts',
    weight: 3,
    on: 'model',
    async run({ lab, random }) {
      const share = 0.1 + random() * 0.2;
      lab.model.script.set(async (request, info) => {
        if (random() > share) return lab.script(request, info);
        const answer = await lab.script(request, info);
        if (answer?.type !== 'message') return answer;
        const by = pick(['end', 'fin', 'rst'] as const, random);
        return pick(
          [
            { type: 'error' as const, status: 429, headers: { 'retry-after': '1' } },
            { type: 'error' as const, status: 529 },
            { type: 'error' as const, status: 500 },
            { ...answer, delivery: { cut: { afterBytes: Math.floor(random() * 2_500), by } } },
            { ...answer, delivery: { errorEvent: { afterEvents: 5, errorType: 'overloaded_error' } } },
          ],
          random,
        );
      });
      await wait(4_000);
      lab.model.script.set(lab.script);
      return `${Math.round(share * 100)} % of requests for 4000 ms`;
    },
  },
  {
    name: 'the model unreachable',
    weight: 1,
    on: 'model',
    async run({ lab, random }) {
      const forMs = between(random, 300, 1_500);
      lab.between.model.refuse();
      lab.between.model.cut();
      await wait(forMs);
      lab.between.model.restore();
      return `for ${forMs} ms`;
    },
  },
  {
    name: 'S3 fails',
    weight: 2,
    on: 's3',
    async run({ lab, random }) {
      for (let i = 0; i < 3; i++) {
        const action = pick(
          [
            { kind: 'error' as const, status: 500, code: 'InternalError' },
            { kind: 'error' as const, status: 503, code: 'SlowDown' },
            { kind: 'drop_reply' as const },
            { kind: 'cut_request' as const, afterBytes: 200 },
            { kind: 'delay' as const, delayMs: 500 },
          ],
          random,
        );
        lab.s3.faults.add({ action });
      }
      await wait(4_000);
      lab.s3.faults.clear();
      return 'three requests';
    },
  },
];

export const SOAK_FAULTS: readonly SoakFault[] = [
  ...PROCESS_FAULTS,
  ...REDIS_FAULTS,
  ...POSTGRES_FAULTS,
  ...VENDOR_FAULTS,
];
