import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'give-up-uploads',
  text: `
    with old as (
      select id from files
      where status = 'uploading' and created_at < now() - make_interval(secs => $2::double precision / 1000)
      order by id limit $1::integer
      for no key update skip locked
    )
    update files f set status = 'deleted' from old where f.id = old.id and f.status = 'uploading'
    returning f.id`,
};

/**
 * Gives up uploads of clients that are older than any may be. An upload of a client has no epoch that says whether it goes
 * on, so this comes before its bytes are removed: whoever still writes it cannot make it a file any more.
 */
export async function giveUpUploads(db: Queryable, limit: number, maxUploadMs: number): Promise<number> {
  return (await runQuery(db, statement, [limit, maxUploadMs])).length;
}
