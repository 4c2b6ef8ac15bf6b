import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import type { ScriptFunction } from '../../../packages/local/src/model/script/script.ts';
import {
  type ModelServer,
  type ModelServerOptions,
  startModelServer,
} from '../../../packages/local/src/model/server/start-model-server.ts';
import {
  startTemporaryS3Server,
  type TemporaryS3Server,
} from '../../../packages/local/src/s3/start-temporary-s3-server.ts';
import { type SpeechServer, startSpeechServer } from '../../../packages/local/src/speech/start-speech-server.ts';
import { findFreePort } from '../../../packages/local/src/stack/choose-port.ts';
import { type PostgresControl, startPostgresControl } from '../../support/postgres-control.ts';
import { type RedisControl, startRedisControl } from '../../support/redis-control.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { type EffectServer, startEffectServer } from '../agents/effect-server.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { answerByPlan } from './lab-plan.ts';

const PROJECT_ROOT = path.resolve(import.meta.dirname, '../../..');
const AGENTS_MODULE = path.join(PROJECT_ROOT, 'test/faults/agents/lab-agents.mjs');
const CACHE_DIR = process.env.NIGHTSHIFT_CACHE_DIR ?? path.join(PROJECT_ROOT, '.nightshift', 'cache');

export interface LabOptions {
  apis?: number;
  workers?: number;
  /** Settings of the Postgres; by default nothing is forced to disk, because processes are killed and not the machine. */
  postgresSettings?: Record<string, string>;
  model?: Partial<Omit<ModelServerOptions, 'script'>>;
  /** What the model says when nothing is wrong with it; default: what the prompt plans. */
  script?: ScriptFunction;
  env?: Record<string, string>;
  seed: number;
}

/**
 * The whole product as processes, with servers of its own around it that may be hurt, and a proxy on the way to each.
 * The model, the effect server and the clients are the witnesses.
 */
export interface Lab {
  readonly fleet: Fleet;
  readonly redis: RedisControl;
  readonly postgres: PostgresControl;
  readonly model: ModelServer;
  readonly speech: SpeechServer;
  readonly s3: TemporaryS3Server;
  readonly effects: EffectServer;
  /** What the model says when nothing is wrong with it. */
  readonly script: ScriptFunction;
  readonly between: Readonly<Record<'postgres' | 'redis' | 'model' | 's3', TcpProxy>>;
  readonly key: string;
  readonly redisPrefix: string;
  readonly leaseMs: number;
  /** Takes every fault back that lasts: proxies, frozen processes, scripts of the vendors' servers, a Redis that is away. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Commits stay synchronous: with that off, a restart takes back what clients have seen, and the checkers say so (A1). */
const FAST_POSTGRES = { fsync: 'off', full_page_writes: 'off' };

export async function startLab(options: LabOptions): Promise<Lab> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'nightshift-lab-'));
  const script = options.script ?? answerByPlan;
  const postgresSettings = options.postgresSettings ?? FAST_POSTGRES;
  const [postgres, redis, model, speech, s3, effects] = await Promise.all([
    startPostgresControl({ dataDir: path.join(dataDir, 'postgres'), settings: postgresSettings }),
    startRedisControl({ dataDir: path.join(dataDir, 'redis'), cacheDir: CACHE_DIR }),
    startModelServer({ streamDelayMs: 5, ...options.model, script }),
    startSpeechServer(),
    startTemporaryS3Server({ buckets: ['nightshift'] }),
    startEffectServer({ file: path.join(dataDir, 'effects.jsonl') }),
  ]);
  const toLocal = (port: number) => startTcpProxy({ host: '127.0.0.1', port });
  const [pgProxy, redisProxy, modelProxy, s3Proxy] = await Promise.all([
    toLocal(postgres.port),
    toLocal(redis.port),
    toLocal(model.port),
    toLocal(Number(new URL(s3.url).port)),
  ]);
  const between = { postgres: pgProxy, redis: redisProxy, model: modelProxy, s3: s3Proxy };
  const key = await insertKey(postgres.url);
  const redisPrefix = `lab-${randomBytes(6).toString('hex')}`;
  const env: Record<string, string> = {
    DATABASE_URL: throughPort(postgres.url, pgProxy.port),
    REDIS_URL: throughPort(redis.url, redisProxy.port),
    NIGHTSHIFT_REDIS_PREFIX: redisPrefix,
    S3_ENDPOINT: throughPort(s3.url, s3Proxy.port),
    S3_BUCKET: 'nightshift',
    AWS_REGION: s3.clientOptions.region,
    AWS_ACCESS_KEY_ID: s3.clientOptions.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.clientOptions.credentials.secretAccessKey,
    POLLY_ENDPOINT: speech.url,
    ANTHROPIC_API_KEY: 'sk-ant-test-key-of-the-local-server',
    ANTHROPIC_BASE_URL: throughPort(model.url, modelProxy.port),
    ANTHROPIC_MODEL: 'local-extractive-1',
    NIGHTSHIFT_STREAM_TOKEN_SECRET: randomBytes(32).toString('hex'),
    NIGHTSHIFT_AGENTS: 'document-analyst,composer,lab',
    NIGHTSHIFT_AGENTS_MODULE: AGENTS_MODULE,
    NIGHTSHIFT_EFFECTS_URL: effects.url,
    NIGHTSHIFT_LEASE_MS: '3000',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    ...options.env,
  };
  const fleet = await startFleet({ members: await planMembers(options, env) });
  const vendors = { model, speech, s3, script };
  return {
    ...vendors,
    fleet,
    redis,
    postgres,
    effects,
    between,
    key,
    redisPrefix,
    leaseMs: Number(env.NIGHTSHIFT_LEASE_MS),
    heal: () => heal({ fleet, redis, between, ...vendors }),
    async stop() {
      await fleet.stop();
      await Promise.all(Object.values(between).map((proxy) => proxy.close()));
      await Promise.all([model.close(), speech.close(), s3.close(), effects.close(), redis.stop(), postgres.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function planMembers(options: LabOptions, env: Record<string, string>) {
  const apis = await Promise.all(
    Array.from({ length: options.apis ?? 2 }, async (_, index) => {
      const port = await findFreePort();
      const url = `http://127.0.0.1:${port}`;
      return { kind: 'api' as const, name: `api${index + 1}`, url, env: { ...env, PORT: String(port) } };
    }),
  );
  const workers = Array.from({ length: options.workers ?? 2 }, (_, index) => {
    return { kind: 'worker' as const, name: `worker${index + 1}`, env };
  });
  return [...apis, ...workers];
}

async function heal(
  lab: Pick<Lab, 'fleet' | 'redis' | 'between' | 'model' | 'speech' | 's3' | 'script'>,
): Promise<void> {
  for (const proxy of Object.values(lab.between)) proxy.restore();
  for (const member of lab.fleet.members) if (member.isFrozen) lab.fleet.thaw(member);
  lab.speech.faults.clear();
  lab.s3.faults.clear();
  lab.model.script.set(lab.script);
  await lab.redis.start();
  await lab.redis.thaw();
  await lab.redis.call('CLIENT', 'UNPAUSE').catch(() => undefined);
}

function throughPort(url: string, port: number): string {
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(port);
  return through.href.replace(/\/$/, '');
}

async function insertKey(databaseUrl: string): Promise<string> {
  const key = `nsk_${randomBytes(24).toString('base64url')}`;
  const tenantId: TenantId = createId('tenant');
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query('insert into tenants (id, name) values ($1, $2)', [toUuid(tenantId), tenantId]);
  await client.query(
    `insert into api_keys (id, tenant_id, name, sha256, prefix, last4, scopes)
     values ($1, $2, 'test', $3, 'nsk', $4, array['tasks:read','tasks:write','tasks:debug','ops','admin'])`,
    [toUuid(createId('key')), toUuid(tenantId), createHash('sha256').update(key).digest(), key.slice(-4)],
  );
  await client.end();
  return key;
}
