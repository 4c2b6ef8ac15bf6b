import os from 'node:os';
import { messageOf } from '@nightshift/domain';
import { type FailpointPlan, parseFailpoints } from '@nightshift/resilience';

/** Settings of a worker process, validated and frozen. */
export interface WorkerConfig {
  readonly name: string;
  readonly databaseUrl: string;
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly bucket: string;
    readonly region: string;
    readonly forcePathStyle: boolean;
    readonly credentials: AwsCredentials | undefined;
  };
  readonly polly: {
    readonly endpoint: string | undefined;
    readonly region: string;
    readonly credentials: AwsCredentials | undefined;
  };
  readonly model: { readonly apiKey: string; readonly baseUrl: string | undefined; readonly names: readonly string[] };
  /** Path of an ES module that adds agents and tools (load-agents-module.ts). */
  readonly agentsModule: string | undefined;
  /** Tasks at once. */
  readonly concurrency: number;
  /** A lease is renewed every third of this; it must outlast a slow renewal. */
  readonly leaseMs: number;
  /** Tasks whose worker died run alone, in children of the worker. */
  readonly isolation: {
    readonly maxChildren: number;
    /** JavaScript heap of a child. */
    readonly memoryMb: number;
  };
  /** Where `/livez /readyz /metrics` are served; port 0: nowhere. */
  readonly probes: { readonly host: string; readonly port: number };
  /** How long running steps may take to end after SIGTERM. */
  readonly graceMs: number;
  readonly housekeeping: {
    /** Logs and journals of tasks that ended longer ago are removed. */
    readonly retentionDays: number;
    /** Age at which bytes of an upload are removed that nobody finishes; its epoch is over, or 24 times this has passed. */
    readonly uploadAgeMs: number;
  };
  /** For the fault laboratory; undefined: no point does anything. */
  readonly failpoints: FailpointPlan | undefined;
  readonly logLevel: string;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What is wrong with the environment, all of it at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(problems: readonly string[]) {
    super(`the worker cannot start:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings; an empty variable counts as absent. The speech service has its own credentials where it is another
 * service than S3's (`POLLY_ACCESS_KEY_ID`), else it shares AWS'.
 * @throws ConfigError naming every variable that is missing or malformed
 */
export function readConfig(env: Environment = process.env): WorkerConfig {
  const problems: string[] = [];
  const need = (name: string) => {
    if (!env[name]) problems.push(`${name} is not set`);
    return env[name] ?? '';
  };
  const integer = (name: string, fallback: number, min: number, max: number) => {
    const value = env[name] ? Number(env[name]) : fallback;
    if (!Number.isInteger(value) || value < min || value > max) {
      problems.push(`${name} must be a whole number from ${min} to ${max}`);
    }
    return value;
  };
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  const config: WorkerConfig = {
    name: env.NIGHTSHIFT_WORKER_NAME || `${os.hostname()}-${process.pid}`,
    databaseUrl: need('DATABASE_URL'),
    redis: { url: need('REDIS_URL'), prefix: env.NIGHTSHIFT_REDIS_PREFIX || 'nightshift' },
    s3: {
      endpoint: env.S3_ENDPOINT || undefined,
      bucket: env.S3_BUCKET || 'nightshift',
      region,
      forcePathStyle: env.S3_FORCE_PATH_STYLE ? env.S3_FORCE_PATH_STYLE === 'true' : Boolean(env.S3_ENDPOINT),
      credentials: readCredentials(env, 'AWS'),
    },
    polly: {
      endpoint: env.POLLY_ENDPOINT || undefined,
      region: env.POLLY_REGION || region,
      credentials: readCredentials(env, 'POLLY') ?? readCredentials(env, 'AWS'),
    },
    model: {
      apiKey: need('ANTHROPIC_API_KEY'),
      baseUrl: env.ANTHROPIC_BASE_URL || undefined,
      names: (env.ANTHROPIC_MODEL || 'claude-sonnet-5-5,claude-haiku-5-5').split(',').map((name) => name.trim()),
    },
    agentsModule: env.NIGHTSHIFT_AGENTS_MODULE || undefined,
    concurrency: integer('NIGHTSHIFT_WORKER_CONCURRENCY', 20, 1, 1_000),
    leaseMs: integer('NIGHTSHIFT_LEASE_MS', 15_000, 300, 600_000),
    isolation: {
      maxChildren: integer('NIGHTSHIFT_ISOLATED_CHILDREN', 4, 1, 1_000),
      memoryMb: integer('NIGHTSHIFT_ISOLATED_MEMORY_MB', 512, 64, 1_048_576),
    },
    probes: { host: env.HOST || '127.0.0.1', port: integer('NIGHTSHIFT_WORKER_PORT', 0, 0, 65_535) },
    graceMs: integer('NIGHTSHIFT_GRACE_MS', 10_000, 0, 600_000),
    housekeeping: {
      retentionDays: integer('NIGHTSHIFT_RETENTION_DAYS', 30, 1, 36_500),
      uploadAgeMs: integer('NIGHTSHIFT_UPLOAD_AGE_MS', 60 * 60_000, 0, 24 * 60 * 60_000),
    },
    failpoints: readFailpoints(env, problems),
    logLevel: env.LOG_LEVEL || 'info',
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}

function readCredentials(env: Environment, prefix: string): AwsCredentials | undefined {
  const accessKeyId = env[`${prefix}_ACCESS_KEY_ID`];
  const secretAccessKey = env[`${prefix}_SECRET_ACCESS_KEY`];
  const sessionToken = env[`${prefix}_SESSION_TOKEN`];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function readFailpoints(env: Environment, problems: string[]): FailpointPlan | undefined {
  if (!env.NIGHTSHIFT_FAILPOINTS) return undefined;
  if (env.NODE_ENV === 'production') problems.push('NIGHTSHIFT_FAILPOINTS is refused where NODE_ENV is production');
  try {
    return parseFailpoints(env.NIGHTSHIFT_FAILPOINTS);
  } catch (error) {
    problems.push(`NIGHTSHIFT_FAILPOINTS: ${messageOf(error)}`);
    return undefined;
  }
}
