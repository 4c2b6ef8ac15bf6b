import type { EffectCounts } from '../checkers/check-effects.ts';
import type { Lab } from '../lab/start-lab.ts';
import { type Distribution, toDistribution } from './distribution.ts';
import { findTakeovers, type Stop } from './find-takeovers.ts';
import type { DoneFault } from './run-chaos.ts';
import { type MemoryWatch, slopeOf } from './watch-memory.ts';
import type { Workload } from './workload.ts';

export interface Phase {
  name: string;
  fromMs: number;
  untilMs: number;
}

/** Everything the report says but the violations. */
export interface SoakFigures {
  seed: number;
  minutes: number;
  startedAt: string;
  faults: DoneFault[];
  counts: Record<string, number>;
  statuses: Record<string, number>;
  latencies: Record<string, Distribution>;
  phases: { name: string; seconds: number; finished: number; perSecond: number }[];
  /** Tasks a second under faults, compared with the calm before and after. */
  shareOfCalm: number;
  memory: { name: string; maxMib: number; slopeMibPerMinute: number | undefined }[];
}

/** A fault this close to a stop makes its takeover another story. */
const CLEAN_BEFORE_MS = 3_000;
const CLEAN_AFTER_MS = 3_000;

export function measureSoak(input: {
  lab: Lab;
  workload: Workload;
  phases: readonly Phase[];
  stops: readonly Stop[];
  faults: DoneFault[];
  memory: MemoryWatch;
  effects: EffectCounts;
  startedAtMs: number;
  seed: number;
  minutes: number;
}): SoakFigures {
  const { lab, workload, stops, faults, effects } = input;
  const { tasks } = workload;
  const phases = input.phases.map((phase) => measurePhase(phase, workload));
  const calm = phases.filter(({ name }) => name !== 'faults');
  const calmPerSecond = sumOf(calm, 'finished') / Math.max(1, sumOf(calm, 'seconds'));
  const perSecond = phases.find(({ name }) => name === 'faults')?.perSecond ?? 0;
  const takeovers = tasks.flatMap((task) => findTakeovers(task.kept, stops));
  const killed = takeovers.filter(({ kind }) => kind === 'kill');
  const clean = killed.filter(({ stoppedAtMs }) => isClean(stoppedAtMs, faults));
  const frozen = takeovers.filter(({ kind }) => kind === 'freeze');
  const cancels = tasks.filter((task) => task.cancel?.status === 202);
  const inCalm = (atMs: number) =>
    input.phases.some(({ name, fromMs, untilMs }) => name !== 'faults' && atMs >= fromMs && atMs <= untilMs);
  const toCancelMs = (list: typeof cancels) =>
    list.map((task) => Math.max(0, (task.finishedAtMs ?? 0) - (task.cancel?.askedAtMs ?? 0)));
  return {
    seed: input.seed,
    minutes: input.minutes,
    startedAt: new Date(input.startedAtMs).toISOString(),
    faults,
    counts: {
      'tasks accepted': tasks.length,
      batches: workload.batches,
      'events delivered to clients': tasks.reduce((sum, { events }) => sum + events, 0),
      'stream connections cut': tasks.reduce((sum, { cuts }) => sum + cuts, 0),
      'faults injected': faults.length,
      'processes killed': lab.fleet.counts.kills,
      'processes frozen': lab.fleet.counts.freezes,
      'workers that stopped themselves': lab.fleet.counts.leaseLosses,
      'processes started': lab.fleet.counts.starts,
      takeovers: takeovers.length,
      'cancels accepted': cancels.length,
      'dead letters replayed': tasks.filter(({ replays }) => replays > 0).length,
      'effects in the world': effects.effects,
      'calls repeated, as their class allows': effects.repeatedCalls,
      'effects of a stopped process after its call was settled elsewhere': effects.lateEffects,
      'requests to the model': lab.model.requests.at(-1)?.number ?? 0,
    },
    statuses: countStatuses(tasks.map(({ lastEvent }) => lastEvent ?? 'none')),
    latencies: {
      'kill -9 to running elsewhere': toDistribution(killed.map(({ tookMs }) => tookMs)),
      'the same, no other fault near': toDistribution(clean.map(({ tookMs }) => tookMs)),
      'frozen to running elsewhere': toDistribution(frozen.map(({ tookMs }) => tookMs)),
      'cancel asked to cancelled': toDistribution(toCancelMs(cancels)),
      'the same, in calm': toDistribution(toCancelMs(cancels.filter(({ cancel }) => inCalm(cancel?.askedAtMs ?? 0)))),
    },
    phases,
    shareOfCalm: calmPerSecond === 0 ? 0 : perSecond / calmPerSecond,
    memory: [...input.memory.curves.values()].map((curve) => ({
      name: curve.name,
      maxMib: Math.max(...curve.points.map(({ mib }) => mib)),
      slopeMibPerMinute: slopeOf(curve),
    })),
  };
}

function measurePhase({ name, fromMs, untilMs }: Phase, { tasks }: Workload) {
  const finished = tasks.filter(({ finishedAtMs = 0 }) => finishedAtMs >= fromMs && finishedAtMs < untilMs).length;
  const seconds = (untilMs - fromMs) / 1_000;
  return { name, seconds, finished, perSecond: finished / seconds };
}

function isClean(atMs: number, faults: readonly DoneFault[]): boolean {
  const near = faults.filter((fault) => fault.atMs < atMs + CLEAN_AFTER_MS && fault.untilMs > atMs - CLEAN_BEFORE_MS);
  return near.every((fault) => Math.abs(fault.atMs - atMs) < 50);
}

function sumOf<K extends 'finished' | 'seconds'>(list: readonly Record<K, number>[], key: K): number {
  return list.reduce((sum, entry) => sum + entry[key], 0);
}

function countStatuses(types: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
