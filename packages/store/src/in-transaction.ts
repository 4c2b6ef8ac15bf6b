import type { Pool, Queryable } from './open-pool.ts';

/**
 * Runs several statements as one transaction. After an error the connection is rolled back; if even that fails, it is
 * thrown away, so that no half-open transaction goes back to the pool.
 */
export async function inTransaction<T>(pool: Pool, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
