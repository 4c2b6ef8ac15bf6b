export { inTransaction } from './in-transaction.ts';
export { assertSchema, type Migration, migrate, readMigrations } from './migrate.ts';
export { openPool, type Pool, type PoolOptions, type Queryable } from './open-pool.ts';
export { type ApiKey, findApiKey } from './queries/find-api-key.ts';
export { isTransient, runQuery, type Statement } from './run-query.ts';
