import { FINAL_STATUSES, toUuid } from '../../../packages/domain/src/index.ts';
import type { Logger, Metrics } from '../../../packages/telemetry/src/index.ts';
import { checkHistory } from './check-history.ts';
import { submitTasks } from './client-load.ts';
import { chooseFaults, injectFaults, stopFaults } from './faults.ts';
import { VirtualTime } from './virtual-time.ts';
import type { Weaknesses } from './weaknesses.ts';
import { World } from './world.ts';

/** Within this after the last fault every task has ended and every reader knows it. */
const LIVENESS_MS = 420_000;
/** By then everything has arrived that was on its way: a late replay for instance. */
const ARRIVAL_MS = 5_500;
/** What comes after the end, if anything does, comes within this. */
const SETTLE_MS = 2_000;
const LOOK_AGAIN_MS = 5_000;

export interface Simulation {
  seed: number;
  problems: string[];
  /** The last things that happened, oldest first. */
  trace: string[];
  faults: string[];
  steps: number;
  tasks: number;
  /** The same for two runs of the same seed, whatever ids were made. */
  digest: string;
}

/** One run of the whole fleet under the virtual clock, everything in it decided by the seed. */
export async function runSimulation(options: {
  seed: number;
  log: Logger;
  metrics: Metrics;
  weak?: Weaknesses;
}): Promise<Simulation> {
  const time = new VirtualTime();
  const restore = time.install();
  try {
    const world = new World({ ...options, time, weak: options.weak ?? {} });
    const { dice, history } = world;
    const faults = chooseFaults(world);
    const calmMs = dice.between(2_000, 9_000);
    submitTasks(world, dice.integer(2, 6), calmMs * 0.7);
    injectFaults(world, faults, calmMs);
    await time.runUntil(() => false, calmMs);
    stopFaults(world);
    lookAgain(world);
    await time.runUntil(() => false, calmMs + ARRIVAL_MS);
    const isLive = await time.runUntil(() => isOver(world), calmMs + LIVENESS_MS);
    if (!isLive) history.problems.push(...describeUnfinished(world));
    await time.runUntil(() => false, time.now + SETTLE_MS);
    const problems = [...time.uncaught, ...history.problems, ...checkHistory(world)];
    const digest = `${time.steps} steps, ${time.now} ms, ${history.effects.length} effects`;
    return {
      seed: options.seed,
      problems,
      trace: time.trace(),
      faults,
      steps: time.steps,
      tasks: world.taskIds.length,
      digest,
    };
  } finally {
    restore();
  }
}

/** A client whose replay was carried out and never answered finds out when it looks again. */
function lookAgain(world: World): void {
  for (const reader of world.readers) {
    if (reader.isEnded && reader.cursor < lastSeqOf(world, reader.taskId)) reader.connect();
  }
  world.time.schedule(world.clients, LOOK_AGAIN_MS, '', () => lookAgain(world));
}

function isOver(world: World): boolean {
  const { tables } = world.database;
  const isFinal = (status: string) => FINAL_STATUSES.some((final) => final === status);
  return (
    tables.heads.size === world.taskIds.length &&
    [...tables.heads.values()].every((head) => isFinal(head.status)) &&
    world.readers.every((reader) => reader.isEnded && reader.cursor === lastSeqOf(world, reader.taskId))
  );
}

function describeUnfinished(world: World): string[] {
  const { tables } = world.database;
  const isFinal = (status: string) => FINAL_STATUSES.some((final) => final === status);
  const tasks = [...tables.heads.values()]
    .filter((head) => !isFinal(head.status))
    .map((head) => `a task is still ${head.status} (epoch ${head.epoch}) long after the last fault`);
  const readers = world.readers
    .filter((reader) => !reader.isEnded || reader.cursor !== lastSeqOf(world, reader.taskId))
    .map(
      (reader) =>
        `${reader.name} is at ${reader.cursor} of ${lastSeqOf(world, reader.taskId)}${reader.isEnded ? ' and was told that this is all' : ''}`,
    );
  return [...tasks, ...readers];
}

function lastSeqOf(world: World, taskId: Parameters<typeof toUuid>[0]): number {
  return (world.database.tables.heads.get(toUuid(taskId))?.next_seq ?? 1) - 1;
}
