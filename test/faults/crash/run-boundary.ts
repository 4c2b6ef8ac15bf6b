import { eventually } from '../../support/eventually.ts';
import { judgeHistories } from './judge-histories.ts';
import type { Lane } from './open-lane.ts';
import type { Scenario } from './scenarios.ts';

export const ACTIONS = ['kill', 'stop', 'throw'] as const;
export type Action = (typeof ACTIONS)[number];

/** One place where the process may end: the n-th time that a point is reached in a scenario. */
export interface Boundary {
  readonly process: 'api' | 'worker';
  readonly point: string;
  readonly hit: number;
}

export interface BoundaryResult {
  readonly scenario: string;
  readonly boundary: Boundary;
  readonly action: Action;
  /** False when the run ended without reaching the boundary: runs differ by who is faster. */
  readonly reached: boolean;
  readonly violations: string[];
  readonly tookMs: number;
}

/** A frozen process gets this long to notice, once it goes on, that others have taken over. */
const WAKE_MS = 1_000;
/** A frozen API is asked by nobody else: it goes on by itself. */
const API_FREEZE_MS = 700;
const LOOK_MS = 5;

let runs = 0;

/** Runs the scenario with one fault at the boundary, lets a successor take over, and asks the witnesses. */
export async function runBoundary(
  lane: Lane,
  scenario: Scenario,
  boundary: Boundary,
  action: Action,
): Promise<BoundaryResult> {
  const startedAt = performance.now();
  runs += 1;
  const label = `${scenario.name}-${process.pid}-${runs}`;
  const first = lane.current(boundary.process);
  await first.arm(`${boundary.point}=${action}@${boundary.hit}`);
  const done = new AbortController();
  const succession = superviseUntil(lane, boundary, action, done.signal);
  const violations: string[] = [];
  let reached = false;
  try {
    const histories = await scenario.run(lane, label);
    done.abort();
    await succession;
    if (action === 'stop') await wake(lane, boundary, first.hasFired());
    violations.push(...(await judgeHistories(lane, histories, { wasFrozen: action === 'stop' })));
  } catch (error) {
    violations.push(error instanceof Error ? error.message : String(error));
  } finally {
    done.abort();
    await succession;
    reached = first.hasFired();
    await settle(lane, boundary.process);
  }
  violations.push(...lane.client.serverErrors.splice(0));
  return { scenario: scenario.name, boundary, action, reached, violations, tookMs: performance.now() - startedAt };

  /** The frozen process goes on among its successor's work; its writes must come to nothing. */
  async function wake(on: Lane, at: Boundary, hasFired: boolean): Promise<void> {
    if (!hasFired || first.isOver()) return;
    first.kill('SIGCONT');
    await Promise.race([first.exited, new Promise((resolve) => setTimeout(resolve, WAKE_MS))]);
    if (on.current(at.process) !== first) await first.stop();
  }
}

/** Starts a successor whenever the process is gone, and once when it is frozen; a slow machine may cost a successor its lease. */
async function superviseUntil(lane: Lane, boundary: Boundary, action: Action, done: AbortSignal): Promise<void> {
  const first = lane.current(boundary.process);
  let isFrozen = false;
  while (!done.aborted) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (lane.current(boundary.process).isOver()) await lane.replace(boundary.process);
    if (action !== 'stop' || isFrozen || !first.hasFired()) continue;
    isFrozen = true;
    if (boundary.process === 'worker') {
      await lane.replace('worker');
    } else {
      await new Promise((resolve) => setTimeout(resolve, API_FREEZE_MS));
      first.kill('SIGCONT');
    }
  }
}

/** Leaves the lane with a process of each kind that works and has no failpoints. */
async function settle(lane: Lane, kind: 'api' | 'worker'): Promise<void> {
  lane.current(kind).kill('SIGCONT'); // frozen at the very end, when nobody looked any more
  await lane
    .current(kind)
    .arm('')
    .catch(() => lane.current(kind).kill('SIGKILL'));
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  if (lane.current(kind).isOver()) await lane.replace(kind);
  const { baseUrl } = lane.system.api;
  await eventually('the API answers', async () => (await fetch(`${baseUrl}/livez`).catch(() => undefined))?.ok);
}
