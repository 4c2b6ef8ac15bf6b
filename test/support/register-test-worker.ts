import { randomBytes } from 'node:crypto';
import { createId, type Incarnation } from '../../packages/domain/src/index.ts';
import { type Queryable, registerWorker } from '../../packages/store/src/index.ts';

export function createLockKey(): bigint {
  return BigInt.asIntN(64, randomBytes(8).readBigUInt64BE());
}

/** A row of an alive worker that no process stands behind. */
export async function registerTestWorker(db: Queryable, leaseMs = 60_000): Promise<Incarnation> {
  const incarnation = createId('worker');
  await registerWorker(db, {
    incarnation,
    name: 'test',
    host: 'test',
    pid: 1,
    version: '0',
    capacity: 10,
    lockKey: createLockKey(),
    leaseMs,
  });
  return incarnation;
}
