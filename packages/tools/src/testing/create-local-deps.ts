import { createLocalBreakers } from '@nightshift/resilience';
import { createMetrics, createSilentLogger } from '@nightshift/telemetry';
import type { Tool } from '../define-tool.ts';
import type { ToolExecutorDeps } from '../executor/tool-executor-deps.ts';
import { createToolRegistry } from '../executor/tool-registry.ts';

/** Executor dependencies of this process alone, with these tools. */
export function createLocalDeps(tools: readonly Tool[], overrides: Partial<ToolExecutorDeps> = {}): ToolExecutorDeps {
  return {
    registry: createToolRegistry(tools),
    breakers: createLocalBreakers({ now: Date.now }),
    metrics: createMetrics(),
    log: createSilentLogger(),
    random: () => 0.5,
    now: Date.now,
    ...overrides,
  };
}
