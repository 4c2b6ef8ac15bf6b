import { describe, expect, it } from 'vitest';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { chooseSeed } from '../../support/seeded-random.ts';
import { runSimulation, type Simulation } from './run-simulation.ts';
import type { Weaknesses } from './weaknesses.ts';

/** Runs of one `npm test`; a long run asks for more. */
const DEFAULT_SEEDS = 60;
const SEEDS = Number(process.env.NIGHTSHIFT_SIM_SEEDS ?? DEFAULT_SEEDS);
/** A planted weakness has to be noticed within so many seeds. */
const MAX_SEEDS_UNTIL_NOTICED = 300;
const MS_PER_SEED = 1_000;

const firstSeed = chooseSeed();
const log = createSilentLogger();
const metrics = createMetrics();

function simulate(seed: number, weak: Weaknesses = {}): Promise<Simulation> {
  return runSimulation({ seed, log, metrics, weak });
}

function describeFailure({ seed, problems, faults, trace }: Simulation): string {
  return [
    `seed ${seed}: NIGHTSHIFT_TEST_SEED=${seed} NIGHTSHIFT_SIM_SEEDS=1`,
    `faults: ${faults.join(' ')}`,
    ...trace,
    ...problems.map((problem) => `PROBLEM ${problem}`),
  ].join('\n');
}

describe('the fleet in a simulated world', () => {
  it(`keeps its promises under ${SEEDS} schedules of faults`, { timeout: 120_000 + SEEDS * MS_PER_SEED }, async () => {
    for (let seed = firstSeed; seed < firstSeed + SEEDS; seed++) {
      const simulation = await simulate(seed);
      if (simulation.problems.length > 0) expect.fail(describeFailure(simulation));
    }
  });

  it('does the same twice for the same seed', async () => {
    expect((await simulate(firstSeed)).digest).toBe((await simulate(firstSeed)).digest);
  });
});

/** Not `settledRewritten`: the fence alone keeps our code from writing a settled step; only sql-model.test.ts sees it. */
const WEAKNESSES: (keyof Weaknesses)[] = [
  'noFence',
  'checkThenWrite',
  'noFlushNo',
  'answerBeforeCommit',
  'sameEpoch',
  'noVoid',
  'cancelIgnored',
  'cancelAlways',
  'noRescuer',
  'noReconciler',
  'noWaker',
];

describe('the simulator', () => {
  it.each(WEAKNESSES)('notices the planted weakness %s', { timeout: 120_000 }, async (weakness) => {
    for (let i = 0; i < MAX_SEEDS_UNTIL_NOTICED; i++) {
      const { problems } = await simulate(firstSeed + i, { [weakness]: true });
      if (problems.length > 0) return;
    }
    expect.fail(`not noticed within ${MAX_SEEDS_UNTIL_NOTICED} seeds`);
  });
});
