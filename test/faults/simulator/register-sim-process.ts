import { createId, type Incarnation } from '../../../packages/domain/src/index.ts';
import { type Pool, registerWorker } from '../../../packages/store/src/index.ts';
import type { SimProcess } from './sim-process.ts';
import { LEASE_MS } from './timing.ts';
import type { World } from './world.ts';

/** Begins a life of a worker as register-incarnation.ts does: the session lock first, then the row that names it. */
export async function registerSimProcess(
  world: World,
  process: SimProcess,
  { pool, capacity }: { pool: Pool; capacity: number },
): Promise<{ incarnation: Incarnation; registeredAt: number }> {
  const incarnation = createId('worker');
  const lockKey = BigInt(world.dice.integer(1, 2 ** 31));
  world.database.holdSession(lockKey, process);
  const registeredAt = performance.now();
  const life = { incarnation, name: process.name, host: 'sim', pid: 1, version: '0', capacity, lockKey };
  await registerWorker(pool, { ...life, leaseMs: LEASE_MS });
  return { incarnation, registeredAt };
}
