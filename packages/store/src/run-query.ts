import { failWith } from '@nightshift/domain';
import type pg from 'pg';
import type { Queryable } from './open-pool.ts';

/** A prepared statement: its name is the name of the file that holds it. */
export interface Statement {
  name: string;
  text: string;
}

/** Errors of the connection or of a server that is restarting or full: the same statement may work in a moment. */
const TRANSIENT_SQLSTATE = /^(08|57P0[123]|53|40001|40P01|55P03|57014|25P03)/;
const TRANSIENT_MESSAGE =
  /terminated|timeout|ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|not queryable|Client was closed|Connection ended/i;

/** Whether the statement may succeed later, or may even have succeeded already. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return TRANSIENT_SQLSTATE.test(code) || TRANSIENT_MESSAGE.test(`${code} ${error.message}`);
}

/**
 * Runs one statement: the single place through which every query of ours passes. Transient errors become the failure
 * `storage_unavailable` with the original as cause; its outcome is unknown, so whoever repeats it must be idempotent.
 */
export async function runQuery<Row extends pg.QueryResultRow>(
  db: Queryable,
  statement: Statement,
  values: unknown[],
): Promise<Row[]> {
  try {
    const result = await db.query<Row>({ name: statement.name, text: statement.text, values });
    return result.rows;
  } catch (error) {
    if (!isTransient(error)) throw error;
    throw failWith('storage_unavailable', `The database did not answer the query ${statement.name}.`, { cause: error });
  }
}
