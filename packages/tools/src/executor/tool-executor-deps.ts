import type { Breakers } from '@nightshift/resilience';
import type { Logger, Metrics } from '@nightshift/telemetry';
import type { ToolRegistry } from './tool-registry.ts';

/** What the executor of a process needs; made once, at start. */
export interface ToolExecutorDeps {
  readonly registry: ToolRegistry;
  readonly breakers: Breakers;
  readonly metrics: Pick<Metrics, 'toolDuration' | 'toolRetries'>;
  readonly log: Logger;
  /** In [0, 1): jitter of retries. */
  random(): number;
  /** Milliseconds since 1970. */
  now(): number;
}
