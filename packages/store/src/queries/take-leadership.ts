import { type Incarnation, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/**
 * Renews the leadership of the incarnation that has it, or takes it when the lease of the leader has passed, when its
 * session lock is free (the process is dead), or when it has ended.
 */
const statement = {
  name: 'take-leadership',
  text: `
    insert into leadership as old (incarnation, lease_until)
    values ($1::uuid, now() + make_interval(secs => $2::double precision / 1000))
    on conflict (only_row) do update set incarnation = excluded.incarnation, lease_until = excluded.lease_until
    where old.incarnation = excluded.incarnation or old.lease_until <= now()
      or not exists (
        select from workers w
          join pg_locks l on l.locktype = 'advisory' and l.granted and l.objsubid = 1
            and (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
        where w.incarnation = old.incarnation and w.status = 'alive'
          and l.database = (select oid from pg_database where datname = current_database())
      )
    returning incarnation`,
};

/** True while this incarnation leads, for `leaseMs` from when this was sent. */
export async function takeLeadership(db: Queryable, incarnation: Incarnation, leaseMs: number): Promise<boolean> {
  return (await runQuery(db, statement, [toUuid(incarnation), leaseMs])).length > 0;
}
