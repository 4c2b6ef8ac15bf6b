import { readFileSync } from 'node:fs';
import { type AgentDeps, createComposer, createDocumentAnalyst } from '@nightshift/agent';
import { createObjectStore } from '@nightshift/artifacts';
import { createFlusher, createPublisher, type Flusher, type Publisher } from '@nightshift/eventlog';
import { createAnthropicProvider } from '@nightshift/model';
import { createTaskQueue, type TaskQueue } from '@nightshift/queue';
import { findFile, openPool, openSession, type Pool, type Session } from '@nightshift/store';
import { createSharedBreakers, openRedis, type RedisConnections } from '@nightshift/streams';
import { createLogger, createMetrics, type Logger, type Metrics } from '@nightshift/telemetry';
import { createCatalog, createPollyClient, createToolRegistry } from '@nightshift/tools';
import type { WorkerConfig } from './config.ts';
import { addAgents, type CreateAgents } from './load-agents-module.ts';

/** The flusher writes one statement at a time; claims, journals and housekeeping share the rest. */
const MAIN_CONNECTIONS = 8;
/** Transactions of tools hold one each: more wait, and never for those that claims and journals need. */
const TOOL_CONNECTIONS = 4;
const FLUSH_CONNECTIONS = 1;
/** Apart, so that slow queries never starve a renewal. */
const LEASE_CONNECTIONS = 2;
/** A renewal that takes longer than this is repeated rather than waited for. */
const LEASE_STATEMENT_TIMEOUT_MS = 3_000;

/** Everything a worker process is made of; the only builder of clients. */
export interface WorkerContext {
  readonly config: WorkerConfig;
  readonly version: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly leasePool: Pool;
  readonly session: Session;
  readonly redis: RedisConnections;
  readonly queue: TaskQueue;
  readonly flusher: Flusher;
  readonly publisher: Publisher;
  readonly agent: AgentDeps;
  close(): Promise<void>;
}

/**
 * Builds the clients; connects to nothing. `createAgents` adds to the built-in agents and tools.
 * @throws ConfigError when what it adds cannot be added
 */
export function createWorkerContext(config: WorkerConfig, createAgents?: CreateAgents): WorkerContext {
  const log = createLogger({ name: 'worker', level: config.logLevel }).child({ worker: config.name });
  const metrics = createMetrics('worker');
  const pools = openPools(config, log);
  const redis = openRedis({ ...config.redis, name: `nightshift:${config.name}`, log });
  const queue = createTaskQueue({ redisUrl: config.redis.url, prefix: config.redis.prefix, log });
  const publisher = createPublisher({ db: pools.main, redis, log, metrics });
  const objectStore = createObjectStore({ ...config.s3, log });
  const polly = createPollyClient(config.polly);
  const catalog = createCatalog({
    objectStore,
    polly,
    findFile: (tenantId, fileId) => findFile(pools.main, tenantId, fileId),
  });
  const options = { tools: catalog, models: config.model.names };
  const builtIn = { agents: [createDocumentAnalyst(options), createComposer(options)], tools: catalog };
  const { agents, tools } = createAgents ? addAgents(builtIn, createAgents, config.model.names) : builtIn;
  return {
    config,
    version: readVersion(),
    log,
    metrics,
    pool: pools.main,
    leasePool: pools.lease,
    session: openSession({ databaseUrl: config.databaseUrl, applicationName: 'nightshift worker presence', log }),
    redis,
    queue,
    publisher,
    flusher: createFlusher({ pool: pools.flush, publisher, log, metrics }),
    agent: {
      pool: pools.main,
      toolPool: pools.tool,
      agents: new Map(agents.map((agent) => [agent.name, agent])),
      tools: createToolRegistry(tools),
      model: createAnthropicProvider(config.model),
      objectStore,
      breakers: createSharedBreakers({ redis: redis.commands, prefix: config.redis.prefix, log, metrics }),
      log,
      metrics,
      random: Math.random,
      now: Date.now,
    },
    async close() {
      await publisher.idle();
      await queue.close().catch(() => undefined);
      await redis.close();
      objectStore.close();
      polly.destroy();
      await Promise.all([pools.main.end(), pools.tool.end(), pools.flush.end(), pools.lease.end()]);
    },
  };
}

function openPools(config: WorkerConfig, log: Logger): { main: Pool; tool: Pool; flush: Pool; lease: Pool } {
  const open = (use: string, maxConnections: number, statementTimeoutMs?: number) =>
    openPool({
      databaseUrl: config.databaseUrl,
      applicationName: `nightshift worker ${use}`,
      maxConnections,
      log,
      ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    });
  return {
    main: open('main', MAIN_CONNECTIONS),
    tool: open('tools', TOOL_CONNECTIONS),
    flush: open('flush', FLUSH_CONNECTIONS),
    lease: open('lease', LEASE_CONNECTIONS, LEASE_STATEMENT_TIMEOUT_MS),
  };
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return manifest !== null && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : '0';
}
