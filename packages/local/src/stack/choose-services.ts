import type {
  AnthropicSettings,
  AwsCredentials,
  PollySettings,
  S3Settings,
  StackEnvironment,
} from './stack-settings.ts';

const DEFAULT_REGION = 'us-east-1';
const DEFAULT_BUCKET = 'nightshift';
const DEFAULT_MODEL = 'claude-sonnet-5-5';
const AWS_HOST = /\.amazonaws\.com(\.cn)?(:\d+)?(\/|$)/;

/** For each service the settings of the one given from outside, or undefined: it is to be run here. Each on its own. */
export interface ServiceChoice {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly s3: S3Settings | undefined;
  readonly polly: PollySettings | undefined;
  readonly anthropic: AnthropicSettings | undefined;
}

/** The AWS region named by the environment, else `us-east-1`. */
export function chooseRegion(env: StackEnvironment): string {
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION;
}

/** Decides which services come from outside. An empty variable counts as absent, as in a `.env` file. */
export function chooseServices(env: StackEnvironment): ServiceChoice {
  return {
    databaseUrl: env.DATABASE_URL || undefined,
    redisUrl: env.REDIS_URL || undefined,
    s3: chooseS3(env),
    polly: choosePolly(env),
    anthropic: chooseAnthropic(env),
  };
}

function chooseS3(env: StackEnvironment): S3Settings | undefined {
  if (!env.S3_ENDPOINT && !env.S3_BUCKET) return undefined;
  return {
    ...(env.S3_ENDPOINT ? { endpoint: env.S3_ENDPOINT } : {}),
    bucket: env.S3_BUCKET || DEFAULT_BUCKET,
    region: chooseRegion(env),
    ...readCredentials(env),
    // Servers other than AWS rarely have a host name per bucket.
    forcePathStyle: env.S3_FORCE_PATH_STYLE ? env.S3_FORCE_PATH_STYLE === 'true' : Boolean(env.S3_ENDPOINT),
  };
}

/** With an S3 endpoint of somebody else, the AWS credentials are that server's and say nothing about Polly. */
function choosePolly(env: StackEnvironment): PollySettings | undefined {
  const areForAws = !env.S3_ENDPOINT || AWS_HOST.test(env.S3_ENDPOINT);
  const credentials = areForAws || env.POLLY_ENDPOINT ? readCredentials(env) : undefined;
  if (!env.POLLY_ENDPOINT && credentials === undefined) return undefined;
  return {
    ...(env.POLLY_ENDPOINT ? { endpoint: env.POLLY_ENDPOINT } : {}),
    region: chooseRegion(env),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

function chooseAnthropic(env: StackEnvironment): AnthropicSettings | undefined {
  if (!env.ANTHROPIC_API_KEY && !env.ANTHROPIC_BASE_URL) return undefined;
  return {
    // A compatible server (Ollama, llama.cpp) ignores the key, but the client insists on one.
    apiKey: env.ANTHROPIC_API_KEY || 'none',
    ...(env.ANTHROPIC_BASE_URL ? { baseUrl: env.ANTHROPIC_BASE_URL } : {}),
    model: env.ANTHROPIC_MODEL || DEFAULT_MODEL,
  };
}

function readCredentials(env: StackEnvironment): AwsCredentials | undefined {
  if (!env.AWS_ACCESS_KEY_ID || !env.AWS_SECRET_ACCESS_KEY) return undefined;
  return {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
  };
}
