import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { Incarnation } from '@nightshift/domain';
import { registerWorker } from '@nightshift/store';
import type { WorkerContext } from './context.ts';

/** Begins a life of this process: the session lock first, then the row that names it. */
export async function registerIncarnation(
  { config, leasePool, session, version }: WorkerContext,
  life: { incarnation: Incarnation; capacity: number; parent?: Incarnation },
): Promise<{ registeredAt: number }> {
  const lockKey = randomBytes(8).readBigInt64BE();
  await session.hold(lockKey);
  const registeredAt = performance.now();
  await registerWorker(leasePool, {
    ...life,
    name: config.name,
    host: os.hostname(),
    pid: process.pid,
    version,
    lockKey,
    leaseMs: config.leaseMs,
  });
  return { registeredAt };
}
