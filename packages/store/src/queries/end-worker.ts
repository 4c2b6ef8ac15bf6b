import { type Incarnation, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'end-worker',
  text: `
    update workers set status = 'stopped', ended_at = now()
    where incarnation = $1::uuid and status = 'alive'`,
};

/** A graceful end: the incarnation claims nothing any more, and what it still owns is requeued by the rescuer. */
export async function endWorker(db: Queryable, incarnation: Incarnation): Promise<void> {
  await runQuery(db, statement, [toUuid(incarnation)]);
}
