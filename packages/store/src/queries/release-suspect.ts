import { type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

const statement = {
  name: 'release-suspect',
  text: `select pg_advisory_unlock(hashtext('nightshift suspect'), hashtext($1::uuid::text))`,
};

/** Takes a reservation back, on the connection on which it was made; on another one it does nothing. */
export async function releaseSuspect(session: Queryable, taskId: TaskId): Promise<void> {
  await runQuery(session, statement, [toUuid(taskId)]);
}
