import type { Logger } from '@nightshift/telemetry';
import pg from 'pg';

/** Anything a query runs on: a pool, or a client inside a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;
export type Pool = pg.Pool;

export interface PoolOptions {
  databaseUrl: string;
  /** Which process and which use, as `pg_stat_activity` shows it: `nightshift worker leases`. */
  applicationName: string;
  maxConnections: number;
  log: Logger;
  /** Longest a statement may run on the server. */
  statementTimeoutMs?: number;
}

/** Longest wait for a free connection: bounded, so that an exhausted pool is a 503 and not a hang. */
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** A lock holder that hangs must not block a takeover (GUARANTEES.md 1.3.6). */
const LOCK_TIMEOUT_MS = 3_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
/** The client gives up a little after the server would have: a black-holed socket must not hold a caller. */
const QUERY_TIMEOUT_MARGIN_MS = 3_000;

const INT8_OID = 20;

/** Sequence numbers are far below 2^53: bigint columns are read as numbers. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID && format !== 'binary'
      ? Number
      : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
};

/** A connection configuration with the timeouts every connection of ours has. */
export function toClientConfig(options: Omit<PoolOptions, 'maxConnections'>): pg.ClientConfig {
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  return {
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + QUERY_TIMEOUT_MARGIN_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    types,
  };
}

/** Opens a pool. Connections are made when they are needed; `pool.end()` closes them. */
export function openPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({ ...toClientConfig(options), max: options.maxConnections });
  // Without a listener an idle connection that Postgres closes kills the process.
  pool.on('error', (error) => options.log.warn({ error: error.message }, 'idle database connection lost'));
  return pool;
}
