import type { ObjectStore } from '@nightshift/artifacts';
import type { ModelProvider } from '@nightshift/model';
import type { Breakers } from '@nightshift/resilience';
import type { Pool } from '@nightshift/store';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { ToolRegistry } from '@nightshift/tools';
import type { Agent } from './define-agent.ts';

/** What running tasks needs; made once per worker process. */
export interface AgentDeps {
  readonly pool: Pool;
  /** For the transactions of tools: they hold a connection each while they run. */
  readonly toolPool: Pool;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly tools: ToolRegistry;
  readonly model: ModelProvider;
  readonly objectStore: ObjectStore;
  readonly breakers: Breakers;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** In [0, 1): jitter. */
  random(): number;
  /** Milliseconds since 1970. */
  now(): number;
}
