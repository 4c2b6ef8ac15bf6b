import type { Pool, Queryable } from './open-pool.ts';
import { runControl, toStorageError } from './run-query.ts';

/**
 * Runs several statements as one transaction. After an error the connection is rolled back; if even that fails, it is
 * thrown away, so that no half-open transaction goes back to the pool. Transient errors become `storage_unavailable`,
 * that of the commit included: whoever repeats must be idempotent.
 */
export async function inTransaction<T>(pool: Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw toStorageError(error, 'No connection to the database.');
  });
  let broken = false;
  // A pool listens only to idle clients: between two statements of ours a lost connection would kill the process.
  const onLost = () => {
    broken = true;
  };
  client.on('error', onLost);
  try {
    await runControl(client, 'begin');
    const result = await work(client);
    await runControl(client, 'commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw toStorageError(error, 'The database did not finish a transaction.');
  } finally {
    client.off('error', onLost);
    client.release(broken);
  }
}
