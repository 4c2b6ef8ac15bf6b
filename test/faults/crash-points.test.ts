import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseSeed, createSeededRandom } from '../support/seeded-random.ts';
import { listBoundaries, listTickingPoints } from './crash/list-boundaries.ts';
import { type Lane, openLane } from './crash/open-lane.ts';
import { planCrashes, readCrashSettings } from './crash/plan-crashes.ts';
import { type BoundaryResult, runBoundary } from './crash/run-boundary.ts';
import { SCENARIOS } from './crash/scenarios.ts';
import { writeReport } from './crash/write-report.ts';

const settings = readCrashSettings(process.env);
const seed = chooseSeed();
const lanes: Lane[] = [];
const results: BoundaryResult[] = [];

beforeAll(async () => {
  const names = Array.from({ length: settings.lanes }, (_, index) => `lane${index + 1}`);
  lanes.push(...(await Promise.all(names.map((name, index) => openLane(name, seed + index)))));
}, 120_000);

afterAll(async () => {
  await Promise.all(lanes.map((lane) => lane.stop()));
  const report = await writeReport({ seed, settings, results });
  process.stderr.write(`[faults] ${report}\n`);
}, 60_000);

/** Every lane takes the next crash when it is done with one. */
async function runAll(planned: ReturnType<typeof planCrashes>): Promise<BoundaryResult[]> {
  const queue = [...planned];
  const done: BoundaryResult[] = [];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const result = await runBoundary(lane, next.scenario, next.boundary, next.action);
        done.push(result);
        results.push(result);
        const { boundary, action, violations } = result;
        const where = `${boundary.process} ${boundary.point}@${boundary.hit} ${action}`;
        if (violations.length > 0)
          process.stderr.write(`[faults] ${result.scenario} ${where}: ${violations.join('; ')}\n`);
      }
    }),
  );
  return done;
}

describe('a crash', () => {
  const chosen = SCENARIOS.filter(({ name }) => settings.scenarios === undefined || settings.scenarios.has(name));

  it.each(chosen)(
    'at any boundary of $name loses nothing, repeats nothing that is settled, and is seen by no client',
    async (scenario) => {
      const [lane] = lanes;
      if (!lane) throw new Error('no lane');
      const boundaries = await listBoundaries(lane, scenario, await listTickingPoints(lane));
      expect(boundaries.length).toBeGreaterThan(20);
      const random = createSeededRandom(seed + SCENARIOS.indexOf(scenario));
      const done = await runAll(planCrashes(scenario, boundaries, settings, random));
      expect(done.flatMap(({ violations }) => violations)).toEqual([]);
      expect(done.some(({ reached }) => reached)).toBe(true);
    },
    settings.timeoutMs,
  );
});
