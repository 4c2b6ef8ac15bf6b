import { fromUuid, type Incarnation } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'bury-children',
  text: `
    update workers w set status = 'dead', ended_at = now()
    where w.parent is not null and w.status = 'alive'
      and case when exists (select from workers p where p.incarnation = w.parent and p.status = 'alive')
        then w.lease_until < now() - make_interval(secs => $1::double precision / 1000)
        else w.lease_until < now() or not exists (
          select from pg_locks l
          where l.locktype = 'advisory' and l.granted and l.objsubid = 1
            and l.database = (select oid from pg_database where datname = current_database())
            and (l.classid::bigint << 32) | l.objid::bigint = w.lock_key
        )
      end
    returning w.incarnation`,
};

/** A parent reports the end of its child at once; one that has not by then does not do its duty. */
const PARENT_GRACE_MS = 30_000;

/**
 * Declares children dead whose parent is not alive, when their session lock is free or their lease has passed. A child
 * whose parent lives is the parent's to judge by its exit status: it is buried only when that did not happen for long.
 */
export async function buryChildren(db: Queryable): Promise<Incarnation[]> {
  const rows = await runQuery<{ incarnation: string }>(db, statement, [PARENT_GRACE_MS]);
  return rows.map((row) => fromUuid('worker', row.incarnation));
}
