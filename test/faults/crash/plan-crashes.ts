import { ACTIONS, type Action, type Boundary } from './run-boundary.ts';
import type { Scenario } from './scenarios.ts';

/** How much is tried; the seed is chosen by NIGHTSHIFT_TEST_SEED. */
export interface CrashSettings {
  /** Crashes of each scenario, drawn by the seed; undefined: every boundary with every action. */
  readonly sample: number | undefined;
  readonly scenarios: ReadonlySet<string> | undefined;
  readonly actions: readonly Action[];
  /** Only points with this in their name. */
  readonly points: string;
  readonly lanes: number;
  /** Of one scenario. */
  readonly timeoutMs: number;
}

export interface PlannedCrash {
  readonly scenario: Scenario;
  readonly boundary: Boundary;
  readonly action: Action;
}

const SAMPLE = 2;
const LANES = 2;

/**
 * NIGHTSHIFT_FAULTS=all tries everything. FAULT_SCENARIO, FAULT_ACTION, FAULT_POINTS (a part of a name), FAULT_SAMPLE and
 * FAULT_LANES narrow it down, for instance to see one crash again.
 */
export function readCrashSettings(env: Readonly<Record<string, string | undefined>>): CrashSettings {
  const isAll = env.NIGHTSHIFT_FAULTS === 'all';
  const actions = ACTIONS.filter((action) => !env.FAULT_ACTION || env.FAULT_ACTION.split(',').includes(action));
  const fallback = isAll || env.FAULT_POINTS ? undefined : SAMPLE;
  return {
    sample: env.FAULT_SAMPLE ? Number(env.FAULT_SAMPLE) : fallback,
    scenarios: env.FAULT_SCENARIO ? new Set(env.FAULT_SCENARIO.split(',')) : undefined,
    actions,
    points: env.FAULT_POINTS ?? '',
    lanes: env.FAULT_LANES ? Number(env.FAULT_LANES) : LANES,
    timeoutMs: isAll ? 3_600_000 : 300_000,
  };
}

export function planCrashes(
  scenario: Scenario,
  boundaries: readonly Boundary[],
  settings: CrashSettings,
  random: () => number,
): PlannedCrash[] {
  const all = boundaries
    .filter(({ point }) => point.includes(settings.points))
    .flatMap((boundary) => settings.actions.map((action) => ({ scenario, boundary, action })));
  if (settings.sample === undefined) return all;
  // A sample is of the workers: an API that dies is in test/e2e/api-killed.test.ts, and the lane sometimes starts no
  // successor of one that dies before its first answer.
  const drawable = all.filter(({ boundary }) => boundary.process === 'worker');
  const drawn = drawable.map((crash) => ({ crash, order: random() })).sort((a, b) => a.order - b.order);
  return drawn.slice(0, settings.sample).map(({ crash }) => crash);
}
