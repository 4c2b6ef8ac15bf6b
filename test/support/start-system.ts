import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { createId, type TenantId, toUuid } from '../../packages/domain/src/index.ts';
import {
  type ModelServer,
  type ModelServerOptions,
  startModelServer,
} from '../../packages/local/src/model/server/start-model-server.ts';
import {
  startTemporaryS3Server,
  type TemporaryS3Server,
} from '../../packages/local/src/s3/start-temporary-s3-server.ts';
import { type SpeechServer, startSpeechServer } from '../../packages/local/src/speech/start-speech-server.ts';
import { findFreePort } from '../../packages/local/src/stack/choose-port.ts';
import { type RunningRedis, startRedis } from '../../packages/local/src/stack/start-redis.ts';
import { openPool, type Pool } from '../../packages/store/src/index.ts';
import { createSilentLogger } from '../../packages/telemetry/src/index.ts';
import { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import { type Service, spawnService } from './spawn-service.ts';
import { createTestDatabase } from './test-database.ts';

export interface SystemOptions {
  workers?: number;
  /** A Redis of its own, for tests that flush or stop it. */
  ownRedis?: boolean;
  model?: Partial<ModelServerOptions>;
  env?: Record<string, string>;
  /** Stands between the workers and Postgres. */
  databaseUrlForWorkers?: (url: string) => Promise<string>;
}

/** The product as it runs: API and workers as processes, real Postgres and Redis, servers that speak the vendors' protocols. */
export interface System {
  api: ApiClient;
  apiService: Service;
  workers: Service[];
  model: ModelServer;
  speech: SpeechServer;
  s3: TemporaryS3Server;
  redis: RunningRedis | undefined;
  redisUrl: string;
  pool: Pool;
  databaseUrl: string;
  env: Record<string, string>;
  tenantId: TenantId;
  dataDir: string;
  cacheDir: string;
  startWorker(name?: string, env?: Record<string, string>): Promise<Service>;
  startApi(): Promise<Service>;
  stop(): Promise<void>;
}

const PROJECT_ROOT = path.resolve(import.meta.dirname, '../..');
const CACHE_DIR = process.env.NIGHTSHIFT_CACHE_DIR ?? path.join(PROJECT_ROOT, '.nightshift', 'cache');

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'nightshift-system-'));
  const vendors = await startVendors(options, dataDir);
  const pool = openPool({
    databaseUrl: database.url,
    applicationName: 'test',
    maxConnections: 4,
    log: createSilentLogger(),
  });
  const { key, tenantId } = await insertKey(pool);
  const env = { ...toEnvironment(vendors, database.url), PORT: String(await findFreePort()), ...options.env };
  const workerEnv = { ...env };
  if (options.databaseUrlForWorkers) workerEnv.DATABASE_URL = await options.databaseUrlForWorkers(database.url);
  const api = new ApiClient(`http://127.0.0.1:${env.PORT}`, key);
  const workers: Service[] = [];
  let apiService: Service | undefined;

  const system: System = {
    ...vendors,
    api,
    get apiService() {
      if (!apiService) throw new Error('the API was not started');
      return apiService;
    },
    workers,
    redisUrl: env.REDIS_URL,
    pool,
    databaseUrl: database.url,
    env,
    tenantId,
    dataDir,
    cacheDir: CACHE_DIR,
    async startWorker(name = `w${workers.length + 1}`, extra = {}) {
      const service = spawnService('worker', name, { ...workerEnv, NIGHTSHIFT_WORKER_NAME: name, ...extra });
      workers.push(service);
      await ready(service, () => service.output().includes('worker ready'));
      return service;
    },
    async startApi() {
      const service = spawnService('api', 'api', env);
      apiService = service;
      await ready(service, async () => (await fetch(`${api.baseUrl}/readyz`).catch(() => undefined))?.ok === true);
      return service;
    },
    async stop() {
      await Promise.all([...workers, ...(apiService ? [apiService] : [])].map((service) => service.stop()));
      await pool.end();
      const { model, speech, s3, redis } = system;
      await Promise.all([model.close(), speech.close(), s3.close(), redis?.stop()]);
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await system.startApi();
  for (let i = 0; i < (options.workers ?? 1); i++) await system.startWorker();
  return system;
}

async function ready(service: Service, check: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(`${service.name} is ready`, check).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${service.output().slice(-4_000)}`);
  });
}

type Vendors = Pick<System, 'model' | 'speech' | 's3' | 'redis'>;

async function startVendors(options: SystemOptions, dataDir: string): Promise<Vendors> {
  const [model, speech, s3, redis] = await Promise.all([
    startModelServer({ streamDelayMs: 1, ...options.model }),
    startSpeechServer(),
    startTemporaryS3Server({ buckets: ['nightshift'] }),
    options.ownRedis
      ? startRedis({ dataDir: path.join(dataDir, 'redis'), cacheDir: CACHE_DIR, log: () => undefined })
      : undefined,
  ]);
  return { model, speech, s3, redis };
}

function toEnvironment({ model, speech, s3, redis }: Vendors, databaseUrl: string) {
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis?.url ?? inject('redisUrl'),
    NIGHTSHIFT_REDIS_PREFIX: `t-${randomUUID().slice(0, 8)}`,
    S3_ENDPOINT: s3.url,
    S3_BUCKET: 'nightshift',
    AWS_REGION: s3.clientOptions.region,
    AWS_ACCESS_KEY_ID: s3.clientOptions.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.clientOptions.credentials.secretAccessKey,
    POLLY_ENDPOINT: speech.url,
    ANTHROPIC_API_KEY: 'sk-ant-test-key-of-the-local-server',
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_MODEL: 'local-extractive-1',
    NIGHTSHIFT_STREAM_TOKEN_SECRET: randomBytes(32).toString('hex'),
    HOST: '127.0.0.1',
  };
}

async function insertKey(pool: Pool): Promise<{ key: string; tenantId: TenantId }> {
  const key = `nsk_${randomBytes(24).toString('base64url')}`;
  const tenantId = createId('tenant');
  await pool.query('insert into tenants (id, name) values ($1, $2)', [toUuid(tenantId), tenantId]);
  await pool.query(
    `insert into api_keys (id, tenant_id, name, sha256, prefix, last4, scopes)
     values ($1, $2, 'test', $3, 'nsk', $4, array['tasks:read','tasks:write','tasks:debug','ops','admin'])`,
    [toUuid(createId('key')), toUuid(tenantId), createHash('sha256').update(key).digest(), key.slice(-4)],
  );
  return { key, tenantId };
}
