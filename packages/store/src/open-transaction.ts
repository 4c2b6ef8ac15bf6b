import type { Pool, Queryable } from './open-pool.ts';
import { runControl, toStorageError } from './run-query.ts';

/** A transaction whose end somebody else decides on. It holds a connection of the pool until then. */
export interface Transaction {
  readonly db: Queryable;
  /** Rejects with `storage_unavailable` when it is not known whether it was committed. */
  commit(): Promise<void>;
  /** Never rejects. Without effect after the end. */
  rollBack(): Promise<void>;
}

/** Begins a transaction. A connection that is lost, or busy at a roll-back, is thrown away, and Postgres rolls back. */
export async function openTransaction(pool: Pool): Promise<Transaction> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toStorageError(error, 'No connection to the database.');
  });
  let open = true;
  let broken = false;
  let pending = 0;
  // A pool listens only to idle clients: between two statements of ours a lost connection would kill the process.
  const onLost = () => {
    broken = true;
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
