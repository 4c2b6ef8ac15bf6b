import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'delete-old-keys',
  text: `
    delete from idempotency_keys
    where ctid = any(array(
      select ctid from idempotency_keys
      where created_at < now() - make_interval(secs => $2::double precision / 1000)
      order by created_at
      limit $1::integer))
      and created_at < now() - make_interval(secs => $2::double precision / 1000)
    returning key`,
};

/** Forgets idempotency keys that no client repeats any more; returns how many. */
export async function deleteOldKeys(db: Queryable, maxRows: number, maxAgeMs: number): Promise<number> {
  return (await runQuery(db, statement, [maxRows, maxAgeMs])).length;
}
