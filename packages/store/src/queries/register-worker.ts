import { type Incarnation, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface WorkerRegistration {
  incarnation: Incarnation;
  name: string;
  host: string;
  pid: number;
  version: string;
  capacity: number;
  /** The session advisory lock the process holds: whoever sees it free knows that the process is gone. */
  lockKey: bigint;
  leaseMs: number;
  /** The worker that started this one as a child for one task; its death is that worker's to report. */
  parent?: Incarnation | undefined;
}

const statement = {
  name: 'register-worker',
  text: `
    insert into workers (incarnation, name, host, pid, version, capacity, lock_key, lease_until, parent)
    values ($1::uuid, $2, $3, $4::integer, $5, $6::integer, $7::bigint,
      now() + make_interval(secs => $8::double precision / 1000), $9::uuid)`,
};

export async function registerWorker(db: Queryable, worker: WorkerRegistration): Promise<void> {
  await runQuery(db, statement, [
    toUuid(worker.incarnation),
    worker.name,
    worker.host,
    worker.pid,
    worker.version,
    worker.capacity,
    worker.lockKey.toString(),
    worker.leaseMs,
    worker.parent === undefined ? null : toUuid(worker.parent),
  ]);
}
