import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { judgeHistories } from './judge-histories.ts';
import type { Lane } from './open-lane.ts';
import type { Boundary } from './run-boundary.ts';
import type { Scenario } from './scenarios.ts';

/** Whatever is reached without any task is reached again and again: its first time stands for all. */
const IDLE_MS = 1_500;
/** One delta is like the other. */
const MAX_DELTAS = 2;
const MAX_HITS = 8;
/** After the end of the tasks, for what the process still does about them. */
const AFTER_MS = 300;

/** Runs the scenario once, without a fault, and lists the places where the processes could have ended. */
export async function listBoundaries(
  lane: Lane,
  scenario: Scenario,
  ticking: ReadonlySet<string>,
): Promise<Boundary[]> {
  const { points, result } = await countPoints(lane, async () => {
    const histories = await scenario.run(lane, `${scenario.name}-count-${process.pid}-${Date.now()}`);
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
    return histories;
  });
  const problems = await judgeHistories(lane, result, { wasFrozen: false });
  if (problems.length > 0) throw new Error(`${scenario.name} without any fault: ${problems.join('; ')}`);
  return (['worker', 'api'] as const).flatMap((kind) => toBoundaries(kind, points[kind], ticking));
}

/** Points that are reached while nothing is to be done. */
export async function listTickingPoints(lane: Lane): Promise<ReadonlySet<string>> {
  const { points } = await countPoints(lane, () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)));
  return new Set([...points.worker, ...points.api]);
}

async function countPoints<T>(lane: Lane, run: () => Promise<T>) {
  const folder = await mkdtemp(path.join(tmpdir(), 'nightshift-points-'));
  const kinds = ['api', 'worker'] as const;
  await Promise.all(kinds.map((kind) => lane.current(kind).arm(`count=${path.join(folder, kind)}`)));
  const result = await run();
  await Promise.all(kinds.map((kind) => lane.current(kind).arm('')));
  const read = async (kind: string) => {
    const text = await readFile(path.join(folder, kind), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  };
  const points = { api: await read('api'), worker: await read('worker') };
  await rm(folder, { recursive: true, force: true });
  return { points, result };
}

function toBoundaries(kind: 'api' | 'worker', points: readonly string[], ticking: ReadonlySet<string>): Boundary[] {
  const hits = new Map<string, number>();
  for (const point of points) hits.set(point, (hits.get(point) ?? 0) + 1);
  return [...hits].flatMap(([point, count]) => {
    const most = ticking.has(point) ? 1 : /_delta$/.test(point) ? MAX_DELTAS : MAX_HITS;
    return Array.from({ length: Math.min(count, most) }, (_, index) => ({ process: kind, point, hit: index + 1 }));
  });
}
