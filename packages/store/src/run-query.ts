import { createFailure, FailureError } from '@nightshift/domain';
import { callWithFailpoints } from '@nightshift/resilience';
import type pg from 'pg';
import type { Queryable } from './open-pool.ts';

/** A prepared statement: its name is the name of the file that holds it. */
export interface Statement {
  name: string;
  text: string;
}

/**
 * The connection, or a server that is restarting, full, not the primary any more (25006), or whose disk or accounts are
 * being mended (58, 28): the same statement may work in a moment. Whatever says that a value or a statement is wrong is
 * not here; it would be wrong again.
 */
const TRANSIENT_SQLSTATE = /^(08|28|53|58|57P0[1235]|40|55P03|57014|25P0[34]|25006)/;
const TRANSIENT_MESSAGE =
  /terminated|timeout|\b(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b|not queryable|Client was closed|Connection ended/i;
/** A SQLSTATE speaks for itself; its message may quote any word. */
const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Whether the statement may succeed later, or may even have succeeded already. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if ('severity' in error && SQLSTATE.test(code)) return TRANSIENT_SQLSTATE.test(code);
  return TRANSIENT_MESSAGE.test(`${code} ${error.message}`);
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
    const result = await callWithFailpoints(
      `store.${statement.name}`,
      () => db.query<Row>({ name: statement.name, text: statement.text, values }),
      createConnectionLoss,
    );
    return result.rows;
  } catch (error) {
    throw toStorageError(error, `The database did not answer the query ${statement.name}.`);
  }
}

/** The failure `storage_unavailable` for a transient error, anything else as it is. */
export function toStorageError(error: unknown, message: string): unknown {
  return isTransient(error) ? new FailureError(createFailure('storage_unavailable', message), { cause: error }) : error;
}

/** Begins or ends a transaction. The reply to a commit can be lost as well. */
export async function runControl(client: Queryable, word: 'begin' | 'commit'): Promise<void> {
  await callWithFailpoints(`store.${word}`, () => client.query(word), createConnectionLoss);
}

/** What pg throws when a connection breaks. */
export function createConnectionLoss(): Error {
  return new Error('Connection terminated unexpectedly');
}
