import { sendCancel, sendReplay } from './client-load.ts';
import { GOOD_NETWORK, type Network } from './network.ts';
import { LEASE_MS } from './timing.ts';
import { GOOD_WEATHER, type World } from './world.ts';

type Fault = (world: World) => void;

/** Everything that can go wrong, by name. A run enables some of them, so that rare combinations get their turn. */
const FAULTS: Readonly<Record<string, Fault>> = {
  workerKilled(world) {
    const worker = world.dice.pick(world.workers);
    if (worker) world.endProcess(worker.process);
  },
  childKilled(world) {
    world.dice.pick(world.children.filter((child) => !child.isDead))?.crash();
  },
  workerFrozen(world) {
    const worker = world.dice.pick(world.workers);
    if (worker) freeze(world, worker.process);
  },
  workerStopped(world) {
    world.dice.pick(world.workers)?.stop();
  },
  sessionCut(world) {
    const worker = world.dice.pick(world.workers);
    if (worker) world.database.cutSession(worker.process, world.dice.between(50, 1_000));
  },
  postgresRestarted(world) {
    world.database.restart(world.dice.between(10, 2_000));
  },
  postgresFar: (world) => disturb(world, { lostRequests: 0.2, lostReplies: 0.2 }),
  postgresLate: (world) => disturb(world, { lateRequests: 0.15 }),
  postgresSlow: (world) => disturb(world, { slowStatements: 0.5 }),
  redisRepeats: (world) => disturb(world, { repeatedCommands: 0.5 }),
  redisFlushed: (world) => world.redis.flush(),
  redisSaved: (world) => world.redis.save(),
  redisRewound: (world) => world.redis.rewind(),
  redisAway: (world) => world.redis.goAway(world.dice.between(50, 4_000)),
  subscribersCut: (world) => world.redis.cutSubscribers(world.dice.between(10, 1_000)),
  apiKilled: (world) => world.crashApi(),
  apiFrozen: (world) => freeze(world, world.api.process),
  readerCut: (world) => world.dice.pick(world.readers)?.cut(),
  cancelled: (world) => sendCancel(world, false),
  cancelledByForce: (world) => sendCancel(world, true),
  replayed: (world) => sendReplay(world),
  modelIll(world) {
    Object.assign(world.weather, { cuts: 0.4, refusals: 0.3 });
    world.time.schedule(world.clients, world.dice.between(100, 2_000), '', () =>
      Object.assign(world.weather, GOOD_WEATHER),
    );
  },
  jobsDoubled(world) {
    world.duplicateJobs = world.dice.between(0, 0.6);
  },
};

/** What one run enables, decided by its seed. */
export function chooseFaults(world: World): string[] {
  return Object.keys(FAULTS).filter(() => world.dice.chance(0.5));
}

/** One fault after the other until the time has come. */
export function injectFaults(world: World, names: readonly string[], untilMs: number): void {
  const { time, dice, clients } = world;
  const paceMs = dice.between(50, 600);
  const next = () => {
    const delayMs = dice.between(1, 2 * paceMs);
    if (time.now + delayMs > untilMs) return;
    time.schedule(clients, delayMs, '', () => {
      const name = dice.pick(names);
      if (name !== undefined) {
        time.note(`--- ${name}`);
        FAULTS[name]?.(world);
      }
      next();
    });
  };
  next();
}

/** Nothing goes wrong any more, and what hangs goes on. */
export function stopFaults(world: World): void {
  Object.assign(world.network, GOOD_NETWORK);
  Object.assign(world.weather, GOOD_WEATHER, { cuts: 0, refusals: 0 });
  world.duplicateJobs = 0;
}

function freeze(world: World, process: World['api']['process']): void {
  process.frozenUntil = Math.max(process.frozenUntil, world.time.now + world.dice.between(50, LEASE_MS * 2));
  world.time.note(`${process.name} is frozen until ${process.frozenUntil.toFixed(1)}`);
}

function disturb(world: World, changes: Partial<Network>): void {
  Object.assign(world.network, changes);
  world.time.schedule(world.clients, world.dice.between(100, 2_000), '', () => {
    for (const key of Object.keys(changes) as (keyof Network)[]) world.network[key] = GOOD_NETWORK[key];
  });
}
