import type { Pool, Queryable } from './open-pool.ts';
import { runControl, toStorageError } from './run-query.ts';

/** A transaction whose end somebody else decides on. It holds a connection of the pool until then. */
export interface Transaction {
  readonly db: Queryable;
  /** Postgres ended it because nothing was asked of it for too long, or because it took too long: nothing was written. */
  readonly isTimedOut: boolean;
  /** Rejects with `storage_unavailable` when it is not known whether it was committed. */
  commit(): Promise<void>;
  /** Never rejects. Without effect after the end. */
  rollBack(): Promise<void>;
}

/** What a transaction did itself: it idled for too long, or it lasted too long. */
const TIMED_OUT = ['25P03', '25P04'];

/** Begins a transaction. A connection that is lost, or busy at a roll-back, is thrown away, and Postgres rolls back. */
export async function openTransaction(pool: Pool): Promise<Transaction> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toStorageError(error, 'No connection to the database.');
  });
  let open = true;
  let broken = false;
  let timedOut = false;
  let pending = 0;
  // A pool listens only to idle clients: between two statements of ours a lost connection would kill the process.
  const onLost = (error: Error) => {
    broken = true;
    timedOut ||= 'code' in error && TIMED_OUT.includes(String(error.code));
  };
  client.on('error', onLost);

  function end(): void {
    open = false;
    client.off('error', onLost);
    client.release(broken);
  }

  const query = async (...args: unknown[]) => {
    if (!open) throw new Error('the transaction is over');
    pending++;
    try {
      return await (client.query as (...given: unknown[]) => Promise<unknown>)(...args);
    } finally {
      pending--;
    }
  };

  async function rollBack(): Promise<void> {
    if (!open) return;
    if (pending > 0) broken = true;
    else await client.query('rollback').catch(onLost);
    if (open) end();
  }

  try {
    await runControl(client, 'begin');
  } catch (error) {
    broken = true;
    end();
    throw toStorageError(error, 'The database did not begin a transaction.');
  }
  return {
    db: { query: query as Queryable['query'] },
    get isTimedOut() {
      return timedOut;
    },
    async commit() {
      if (!open) throw new Error('the transaction is over');
      try {
        await runControl(client, 'commit');
      } catch (error) {
        broken = true;
        throw toStorageError(error, 'The database did not say whether a transaction was committed.');
      } finally {
        end();
      }
    },
    rollBack,
  };
}
