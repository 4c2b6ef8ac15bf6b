/**
 * The layers of docs/architecture.md. A package may use packages of lower layers only, never a neighbour: what two
 * neighbours share belongs below them.
 */
export const PACKAGE_LAYERS: Readonly<Record<string, number>> = {
  domain: 0,
  resilience: 1,
  telemetry: 1,
  store: 2,
  queue: 2,
  streams: 2,
  artifacts: 2,
  eventlog: 3,
  dispatch: 3,
  model: 3,
  tools: 3,
  agent: 4,
};

/** Usable without anything else of ours: the local services know vendors' protocols, not our code. */
export const STANDALONE_PACKAGES: readonly string[] = ['local'];

/** Third-party services are reached through one package each, so that replacing one is a change in one place. */
export const VENDOR_OWNERS: Readonly<Record<string, readonly string[]>> = {
  pg: ['packages/store'],
  bullmq: ['packages/queue'],
  ioredis: ['packages/queue', 'packages/streams'],
  '@aws-sdk/client-s3': ['packages/artifacts'],
  '@aws-sdk/s3-request-presigner': ['packages/artifacts'],
  '@aws-sdk/client-polly': ['packages/tools'],
  '@smithy/node-http-handler': ['packages/artifacts', 'packages/tools'],
  '@anthropic-ai/sdk': ['packages/model'],
  pino: ['packages/telemetry'],
  'prom-client': ['packages/telemetry'],
  express: ['apps/api'],
  helmet: ['apps/api'],
  'zod-openapi': ['apps/api'],
};
