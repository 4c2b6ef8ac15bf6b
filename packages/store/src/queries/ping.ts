import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = { name: 'ping', text: 'select 1 as one' };

/** Fails when the database does not answer. */
export async function ping(db: Queryable): Promise<void> {
  await runQuery(db, statement, []);
}
