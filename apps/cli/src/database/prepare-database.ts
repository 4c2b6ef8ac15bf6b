import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createId, toUuid } from '@nightshift/domain';
import { migrate, openPool, type Queryable } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';
import { readOrCreateSecret } from './read-or-create-secret.ts';

const TENANT = 'local';
const KEY_NAME = 'nightshift up';
const KEY_PREFIX = 'nsk_';
const SCOPES = ['tasks:read', 'tasks:write', 'tasks:debug', 'ops', 'admin'];
/** Migration 0001 makes them without a login. */
const ROLES = { api: 'nightshift_api', runtime: 'nightshift_runtime' } as const;

export interface PrepareDatabaseOptions {
  /** Of the owner of the schema. */
  readonly databaseUrl: string;
  /** Whether the database is our own: then the processes get roles of their own to log in with. */
  readonly isLocal: boolean;
  readonly dataDir: string;
  readonly migrationsDir: string;
  readonly log: Logger;
}

export interface PreparedDatabase {
  readonly apiUrl: string;
  readonly workerUrl: string;
  readonly apiKey: string;
  readonly apiKeyFile: string;
  /** Holds the URL of the owner of the schema, for `psql`; undefined for a database from outside. */
  readonly ownerUrlFile: string | undefined;
  /** Names of the migrations that were applied now. */
  readonly applied: readonly string[];
}

/**
 * Brings the schema up to date and makes what a machine of one user needs: logins for the roles, the tenant `local` and
 * its API key. All of it is kept, so that another start has the same key.
 */
export async function prepareDatabase(options: PrepareDatabaseOptions): Promise<PreparedDatabase> {
  const { databaseUrl, isLocal, dataDir, migrationsDir, log } = options;
  const applied = await migrate({ databaseUrl, folder: migrationsDir, log });
  const secretsDir = join(dataDir, 'secrets');
  mkdirSync(secretsDir, { recursive: true, mode: 0o700 });
  chmodSync(secretsDir, 0o700);
  const apiKeyFile = join(secretsDir, 'api-key');
  const apiKey = readOrCreateSecret(apiKeyFile, KEY_PREFIX);
  const pool = openPool({ databaseUrl, applicationName: 'nightshift up', maxConnections: 1, log });
  try {
    await ensureApiKey(pool, apiKey);
    const key = { apiKey, apiKeyFile, applied };
    if (!isLocal) return { ...key, apiUrl: databaseUrl, workerUrl: databaseUrl, ownerUrlFile: undefined };
    const login = (role: string) => ensureLogin(pool, { role, databaseUrl, secretsDir });
    const apiUrl = await login(ROLES.api);
    const workerUrl = await login(ROLES.runtime);
    const ownerUrlFile = join(secretsDir, 'database-url');
    writeFileSync(ownerUrlFile, `${databaseUrl}\n`, { mode: 0o600 });
    return { ...key, apiUrl, workerUrl, ownerUrlFile };
  } finally {
    await pool.end();
  }
}

/** A database that was made anew knows nothing of a key that was kept: it is entered again. */
async function ensureApiKey(db: Queryable, secret: string): Promise<void> {
  await db.query('insert into tenants (id, name) values ($1::uuid, $2) on conflict (name) do nothing', [
    toUuid(createId('tenant')),
    TENANT,
  ]);
  await db.query(
    `insert into api_keys (id, tenant_id, name, sha256, prefix, last4, scopes)
     select $1::uuid, t.id, $2, $3::bytea, $4, $5, $6::text[] from tenants t where t.name = $7
     on conflict (sha256) do nothing`,
    [
      toUuid(createId('key')),
      KEY_NAME,
      createHash('sha256').update(secret).digest(),
      secret.slice(0, KEY_PREFIX.length + 4),
      secret.slice(-4),
      SCOPES,
      TENANT,
    ],
  );
}

/** Answers the URL of the database for the role. */
async function ensureLogin(
  db: Queryable,
  { role, databaseUrl, secretsDir }: { role: string; databaseUrl: string; secretsDir: string },
): Promise<string> {
  const password = readOrCreateSecret(join(secretsDir, `${role}-password`), '');
  // A password cannot be a parameter of `alter role`; format() quotes it.
  const { rows } = await db.query<{ text: string }>(
    `select format('alter role %I login password %L', $1::text, $2::text) as text`,
    [role, password],
  );
  for (const { text } of rows) await db.query(text);
  const url = new URL(databaseUrl);
  url.username = role;
  url.password = password;
  return url.href;
}
