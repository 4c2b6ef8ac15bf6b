import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Only when the janitor has removed their bytes twice: the row is what it finds them by. */
const statement = {
  name: 'delete-old-files',
  text: `
    delete from files f
    where f.id in (
      select id from files
      where status = 'deleted' and discards >= 2
        and created_at < now() - make_interval(secs => $2::double precision / 1000)
      order by created_at
      limit $1::integer)
      and f.status = 'deleted' and f.discards >= 2
    returning f.id`,
};

/** Forgets deleted files; the audit log still says who deleted them. Returns how many. */
export async function deleteOldFiles(db: Queryable, maxRows: number, maxAgeMs: number): Promise<number> {
  return (await runQuery(db, statement, [maxRows, maxAgeMs])).length;
}
