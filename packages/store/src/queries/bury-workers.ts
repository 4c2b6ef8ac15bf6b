import { fromUuid, type Incarnation, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'bury-workers',
  text: `
    update workers w set status = 'dead', ended_at = now()
    where w.incarnation = any($1::uuid[]) and w.status = 'alive'
      and (w.lease_until < now() or $2::boolean and not exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
          and l.database = (select oid from pg_database where datname = current_database())
          and (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
      ))
    returning w.incarnation`,
};

/**
 * Declares incarnations dead, by compare-and-set: from here on they cannot renew and cannot claim. Those whose lease has
 * passed by Postgres' clock; with `lockLost` also those whose session lock is free at this moment, so that a worker that
 * has reconnected since it was looked at lives on.
 */
export async function buryWorkers(
  db: Queryable,
  incarnations: readonly Incarnation[],
  lockLost: boolean,
): Promise<Incarnation[]> {
  const rows = await runQuery<{ incarnation: string }>(db, statement, [incarnations.map(toUuid), lockLost]);
  return rows.map((row) => fromUuid('worker', row.incarnation));
}
