import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Whoever waits longer for its turn to offer tasks gives up and tries again later. */
const LOCK_TIMEOUT_MS = 1_000;
/** A process that freezes while it holds the lock loses it after this. */
const IDLE_TIMEOUT_MS = 2_000;

const statement = {
  name: 'lock-offers',
  text: `
    with patience as materialized (
      select set_config('lock_timeout', $1, true) as lock_timeout,
        set_config('idle_in_transaction_session_timeout', $2, true) as idle_timeout
    )
    select pg_advisory_xact_lock(hashtext('nightshift offers'), hashtext(current_schema())) from patience`,
};

/**
 * Until the end of the transaction nobody else chooses tasks to offer: two at once (an old leader and a new one, idle
 * workers) would each find the last place under a cap free. @throws FailureError storage_unavailable when it takes too long
 */
export async function lockOffers(tx: Queryable): Promise<void> {
  await runQuery(tx, statement, [`${LOCK_TIMEOUT_MS}ms`, `${IDLE_TIMEOUT_MS}ms`]);
}
