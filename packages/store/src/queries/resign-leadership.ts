import { type Incarnation, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'resign-leadership',
  text: 'update leadership set lease_until = now() where incarnation = $1::uuid',
};

/** Gives the leadership up, if this incarnation has it: whoever asks next gets it, without waiting for the lease. */
export async function resignLeadership(db: Queryable, incarnation: Incarnation): Promise<void> {
  await runQuery(db, statement, [toUuid(incarnation)]);
}
