import { fromUuid, type Incarnation, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'bury-workers',
  text: `
    update workers set status = 'dead', ended_at = now()
    where incarnation = any($1::uuid[]) and status = 'alive'
      and ($2::boolean or lease_until < now())
    returning incarnation`,
};

/**
 * Declares incarnations dead, by compare-and-set: from here on they cannot renew and cannot claim. With `lockLost` false
 * only those whose lease has passed by Postgres' clock.
 */
export async function buryWorkers(
  db: Queryable,
  incarnations: readonly Incarnation[],
  lockLost: boolean,
): Promise<Incarnation[]> {
  const rows = await runQuery<{ incarnation: string }>(db, statement, [incarnations.map(toUuid), lockLost]);
  return rows.map((row) => fromUuid('worker', row.incarnation));
}
