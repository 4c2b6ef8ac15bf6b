import { createHash, randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type ApiConfig, readConfig } from '../../../apps/api/src/config.ts';
import { type ApiContext, createApiContext } from '../../../apps/api/src/context.ts';
import { startServer } from '../../../apps/api/src/start-server.ts';
import { createId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import {
  startTemporaryS3Server,
  type TemporaryS3Server,
} from '../../../packages/local/src/s3/start-temporary-s3-server.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { createTestDatabase } from '../../support/test-database.ts';

export const ALL_SCOPES = ['tasks:read', 'tasks:write', 'tasks:debug', 'ops'];

/** A real API on a free port, with a database, a bucket and a Redis prefix of its own. */
export interface TestApi {
  url: string;
  config: ApiConfig;
  context: ApiContext;
  s3: TemporaryS3Server;
  tenantId: TenantId;
  key: string;
  /** A key of a tenant, a new one unless told otherwise. */
  createKey(options?: { tenantId?: TenantId; scopes?: string[] }): Promise<{ key: string; tenantId: TenantId }>;
  /** Calls the API with the first key. JSON bodies are encoded. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** As SIGTERM: readiness fails, streams end. */
  beginStop(): void;
  stop(): Promise<void>;
}

export interface CallOptions {
  key?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function startTestApi(env: Record<string, string> = {}): Promise<TestApi> {
  const database = await createTestDatabase();
  const s3 = await startTemporaryS3Server();
  const stopping = new AbortController();
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    REDIS_URL: inject('redisUrl'),
    NIGHTSHIFT_REDIS_PREFIX: `test-${randomBytes(6).toString('hex')}`,
    S3_ENDPOINT: s3.url,
    S3_BUCKET: s3.bucket,
    AWS_REGION: s3.clientOptions.region,
    AWS_ACCESS_KEY_ID: s3.clientOptions.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.clientOptions.credentials.secretAccessKey,
    NIGHTSHIFT_AGENTS: 'test,other,document-analyst,composer',
    ...env,
  });
  const context = createApiContext(config, { stopping: stopping.signal, log: createSilentLogger() });
  const server = await startServer(context);
  const createKey: TestApi['createKey'] = async (options = {}) => {
    const tenantId = options.tenantId ?? createId('tenant');
    const key = `nsk_${randomBytes(16).toString('hex')}`;
    await context.pool.query('insert into tenants (id, name) values ($1, $2) on conflict do nothing', [
      toUuid(tenantId),
      tenantId,
    ]);
    await context.pool.query(
      'insert into api_keys (id, tenant_id, name, sha256, prefix, last4, scopes) values ($1, $2, $3, $4, $5, $6, $7)',
      [
        toUuid(createId('key')),
        toUuid(tenantId),
        'test',
        createHash('sha256').update(key).digest(),
        key.slice(0, 8),
        key.slice(-4),
        options.scopes ?? ALL_SCOPES,
      ],
    );
    return { key, tenantId };
  };
  const first = await createKey();
  return {
    url: server.url,
    config,
    context,
    s3,
    ...first,
    createKey,
    call: (method, path, options = {}) => callApi(server.url, method, path, { key: first.key, ...options }),
    beginStop: () => stopping.abort(),
    async stop() {
      stopping.abort();
      await server.stop(2_000);
      await context.close();
      await s3.close();
      await database.drop();
    },
  };
}

function callApi(url: string, method: string, path: string, options: CallOptions): Promise<Response> {
  const { key, body, headers, signal } = options;
  const isBytes = typeof body === 'string' || body instanceof Uint8Array;
  return fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(body === undefined || isBytes ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isBytes ? (body as string) : JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
}
