import { fromUuid, type Incarnation } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface WorkerVitals {
  incarnation: Incarnation;
  /** The session lock of the process is held: its connection is alive. */
  lockHeld: boolean;
  leaseExpired: boolean;
  capacity: number;
  /** A child that runs one task alone. It is not for the rescuer to judge as long as its parent lives. */
  isChild: boolean;
}

/** A bigint advisory lock stands in pg_locks as two halves, `objsubid = 1`. Looking takes no lock. */
const statement = {
  name: 'find-worker-locks',
  text: `
    select w.incarnation, w.capacity, w.parent is not null as is_child, w.lease_until < now() as lease_expired,
      exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
          and l.database = (select oid from pg_database where datname = current_database())
          and (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
      ) as lock_held
    from workers w
    where w.status = 'alive'`,
};

/** What the database knows of every worker that counts as alive. */
export async function findWorkerLocks(db: Queryable): Promise<WorkerVitals[]> {
  const rows = await runQuery<{
    incarnation: string;
    capacity: number;
    lease_expired: boolean;
    lock_held: boolean;
    is_child: boolean;
  }>(db, statement, []);
  return rows.map((row) => ({
    incarnation: fromUuid('worker', row.incarnation),
    lockHeld: row.lock_held,
    leaseExpired: row.lease_expired,
    capacity: row.capacity,
    isChild: row.is_child,
  }));
}
