import { readFileSync } from 'node:fs';
import type { Fleet } from '../lab/fleet.ts';

const EVERY_MS = 2_000;

/** Resident memory of one process over its life, in MiB. */
export interface MemoryCurve {
  name: string;
  points: { atMs: number; mib: number }[];
}

export interface MemoryWatch {
  readonly curves: ReadonlyMap<string, MemoryCurve>;
  stop(): void;
}

export function watchMemory(fleet: Fleet): MemoryWatch {
  const curves = new Map<string, MemoryCurve>();
  const timer = setInterval(() => {
    for (const { service } of fleet.members) {
      const mib = readResidentMib(service.pid);
      if (mib === undefined) continue;
      const curve = curves.get(service.name) ?? { name: service.name, points: [] };
      curve.points.push({ atMs: Date.now(), mib });
      curves.set(service.name, curve);
    }
  }, EVERY_MS);
  return { curves, stop: () => clearInterval(timer) };
}

/** Undefined when there is no such process, or no /proc. */
export function readResidentMib(pid: number): number | undefined {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1_024;
  } catch {
    return undefined;
  }
}

/** Growth over the last half of a life, in MiB a minute: least squares. Undefined for lives under two minutes. */
export function slopeOf({ points }: MemoryCurve): number | undefined {
  const lifeMs = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  if (lifeMs < 120_000) return undefined;
  const half = points.slice(Math.floor(points.length / 2));
  const meanAt = half.reduce((sum, { atMs }) => sum + atMs, 0) / half.length;
  const meanMib = half.reduce((sum, { mib }) => sum + mib, 0) / half.length;
  const covariance = half.reduce((sum, { atMs, mib }) => sum + (atMs - meanAt) * (mib - meanMib), 0);
  const variance = half.reduce((sum, { atMs }) => sum + (atMs - meanAt) ** 2, 0);
  return (covariance / variance) * 60_000;
}
