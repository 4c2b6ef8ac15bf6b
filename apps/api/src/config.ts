import { messageOf } from '@nightshift/domain';
import { type FailpointPlan, parseFailpoints } from '@nightshift/resilience';

/** Settings of an API process, validated and frozen. */
export interface ApiConfig {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Total time a shutdown may take before connections are cut. */
    readonly shutdownTimeoutMs: number;
  };
  readonly database: { readonly url: string; readonly maxConnections: number };
  readonly redis: { readonly url: string; readonly prefix: string };
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly bucket: string;
    readonly region: string;
    readonly forcePathStyle: boolean;
    /** Undefined: the AWS client looks in its own usual places. */
    readonly credentials:
      | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string | undefined }
      | undefined;
  };
  readonly tasks: {
    /** Names of the agents that the workers know. */
    readonly agents: readonly string[];
    readonly maxBodyBytes: number;
    readonly maxBatchBodyBytes: number;
    readonly maxFileBytes: number;
  };
  readonly streams: {
    readonly maxPerTenant: number;
    readonly maxTotal: number;
    readonly heartbeatMs: number;
    /** After this long a stream is ended so that its client comes back, perhaps to another process. */
    readonly rotateAfterMs: number;
    /** A reader that takes nothing for so long is cut off; it resumes by id. */
    readonly slowReaderMs: number;
    /** Secret part of the signature of stream tokens; all API processes share it. */
    readonly tokenSecret: string;
  };
  /** For the fault laboratory; undefined: no point does anything. */
  readonly failpoints: FailpointPlan | undefined;
  readonly logLevel: string;
}

/** What is wrong with the environment, all of it at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the API cannot start:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const MIB = 1024 * 1024;

/**
 * Reads the settings; an empty variable counts as absent, as in a `.env` file.
 * @throws ConfigError naming every variable that is missing or malformed
 */
export function readConfig(env: Environment = process.env): ApiConfig {
  const problems: string[] = [];
  const read = createReader(env, problems);
  const config: ApiConfig = {
    http: {
      host: read.text('HOST', '127.0.0.1'),
      port: read.integer('PORT', 3000, 0, 65_535),
      shutdownTimeoutMs: read.integer('NIGHTSHIFT_SHUTDOWN_TIMEOUT_MS', 15_000, 100, 600_000),
    },
    database: {
      url: read.url('DATABASE_URL', ['postgres:', 'postgresql:']),
      maxConnections: read.integer('NIGHTSHIFT_API_DATABASE_CONNECTIONS', 10, 2, 500),
    },
    redis: {
      url: read.url('REDIS_URL', ['redis:', 'rediss:']),
      prefix: read.text('NIGHTSHIFT_REDIS_PREFIX', 'nightshift'),
    },
    s3: {
      endpoint: env.S3_ENDPOINT ? read.url('S3_ENDPOINT', ['http:', 'https:']) : undefined,
      bucket: read.text('S3_BUCKET', 'nightshift'),
      region: env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1',
      forcePathStyle: read.flag('S3_FORCE_PATH_STYLE', Boolean(env.S3_ENDPOINT)),
      credentials: readCredentials(env),
    },
    tasks: {
      agents: read.list('NIGHTSHIFT_AGENTS', ['document-analyst', 'composer']),
      maxBodyBytes: read.integer('NIGHTSHIFT_MAX_BODY_BYTES', 4 * MIB, 1024, 64 * MIB),
      maxBatchBodyBytes: read.integer('NIGHTSHIFT_MAX_BATCH_BODY_BYTES', 32 * MIB, 1024, 256 * MIB),
      maxFileBytes: read.integer('NIGHTSHIFT_MAX_FILE_BYTES', 256 * MIB, 1024, 5 * 1024 * MIB),
    },
    streams: {
      maxPerTenant: read.integer('NIGHTSHIFT_MAX_STREAMS_PER_TENANT', 500, 1, 100_000),
      maxTotal: read.integer('NIGHTSHIFT_MAX_STREAMS', 5_000, 1, 100_000),
      heartbeatMs: read.integer('NIGHTSHIFT_STREAM_HEARTBEAT_MS', 12_000, 50, 15_000),
      rotateAfterMs: read.integer('NIGHTSHIFT_STREAM_ROTATE_MS', 10 * 60_000, 100, 24 * 60 * 60_000),
      slowReaderMs: read.integer('NIGHTSHIFT_SLOW_READER_MS', 20_000, 100, 600_000),
      tokenSecret: env.NIGHTSHIFT_STREAM_TOKEN_SECRET ?? '',
    },
    failpoints: readFailpoints(env, problems),
    logLevel: read.text('LOG_LEVEL', 'info'),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return freezeDeep(config);
}

function createReader(env: Environment, problems: string[]) {
  const text = (name: string, fallback: string) => env[name] || fallback;
  return {
    text,
    url(name: string, protocols: readonly string[]): string {
      const value = env[name];
      if (!value) {
        problems.push(`${name} is not set`);
        return '';
      }
      const parsed = URL.canParse(value) ? new URL(value) : undefined;
      if (!parsed || !protocols.includes(parsed.protocol))
        problems.push(`${name} must be a ${protocols.join(' or ')} URL`);
      return value;
    },
    integer(name: string, fallback: number, min: number, max: number): number {
      const value = env[name] ? Number(env[name]) : fallback;
      if (!Number.isInteger(value) || value < min || value > max) {
        problems.push(`${name} must be a whole number from ${min} to ${max}`);
      }
      return value;
    },
    flag(name: string, fallback: boolean): boolean {
      const value = env[name];
      if (value && value !== 'true' && value !== 'false') problems.push(`${name} must be "true" or "false"`);
      return value ? value === 'true' : fallback;
    },
    list(name: string, fallback: readonly string[]): readonly string[] {
      const names = (env[name] ?? '').split(',').map((item) => item.trim());
      const found = names.filter((item) => item !== '');
      return found.length > 0 ? found : fallback;
    },
  };
}

function readCredentials(env: Environment): ApiConfig['s3']['credentials'] {
  if (!env.AWS_ACCESS_KEY_ID || !env.AWS_SECRET_ACCESS_KEY) return undefined;
  return {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN || undefined,
  };
}

function freezeDeep<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const part of Object.values(value)) freezeDeep(part);
    Object.freeze(value);
  }
  return value;
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
