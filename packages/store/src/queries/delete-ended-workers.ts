import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** A row that a task still names is kept: it says whether its owner died or stopped on purpose. */
const statement = {
  name: 'delete-ended-workers',
  text: `
    delete from workers w
    where w.incarnation in (
      select incarnation from workers
      where status <> 'alive' and ended_at < now() - make_interval(secs => $2::double precision / 1000)
      order by ended_at
      limit $1::integer)
      and w.status <> 'alive' and not exists (select from tasks t where t.incarnation = w.incarnation)
    returning w.incarnation`,
};

/** Forgets lives of workers that ended long ago; returns how many. */
export async function deleteEndedWorkers(db: Queryable, maxRows: number, maxAgeMs: number): Promise<number> {
  return (await runQuery(db, statement, [maxRows, maxAgeMs])).length;
}
