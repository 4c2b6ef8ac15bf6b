import type { StackSettings } from '@nightshift/local';

/**
 * Tasks at once in a worker when the model computes on this very machine: more would only wait for its processors, and
 * the first worker would take all of a small batch.
 */
const CONCURRENCY_WITH_LOCAL_MODEL = '4';

export interface ServiceEnvironmentOptions {
  /** Of this process: PATH, proxies, certificates and settings of the services that are not set here. */
  readonly env: NodeJS.ProcessEnv;
  readonly settings: StackSettings;
  readonly databaseUrl: string;
  /** Whether the model server is our own; a given one keeps what the environment says about its model. */
  readonly isLocalModel: boolean;
}

/** The environment of an API or worker process: where the five services are, whoever runs them. */
export function toServiceEnvironment(options: ServiceEnvironmentOptions): NodeJS.ProcessEnv {
  const { env, settings, databaseUrl, isLocalModel } = options;
  const { s3, polly, anthropic } = settings;
  return {
    ...env,
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    REDIS_URL: settings.redisUrl,
    S3_ENDPOINT: s3.endpoint,
    S3_BUCKET: s3.bucket,
    S3_FORCE_PATH_STYLE: String(s3.forcePathStyle),
    AWS_REGION: s3.region,
    // Absent ones are left to the AWS client, which looks in its own usual places.
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    AWS_SESSION_TOKEN: s3.sessionToken,
    POLLY_ENDPOINT: polly.endpoint,
    POLLY_REGION: polly.region,
    POLLY_ACCESS_KEY_ID: polly.credentials?.accessKeyId,
    POLLY_SECRET_ACCESS_KEY: polly.credentials?.secretAccessKey,
    POLLY_SESSION_TOKEN: polly.credentials?.sessionToken,
    ANTHROPIC_API_KEY: anthropic.apiKey,
    ANTHROPIC_BASE_URL: anthropic.baseUrl,
    ANTHROPIC_MODEL: isLocalModel ? anthropic.model : env.ANTHROPIC_MODEL,
    NIGHTSHIFT_WORKER_CONCURRENCY:
      env.NIGHTSHIFT_WORKER_CONCURRENCY || (isLocalModel ? CONCURRENCY_WITH_LOCAL_MODEL : undefined),
    // Its newest versions warn about Node 20 in every process.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}
