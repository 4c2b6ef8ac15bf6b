import { z } from 'zod';
import { defineTool, type Tool, type ToolDefinition } from '../define-tool.ts';

/** A read-only tool called `probe` that takes nothing, returns anything, and backs off for no time to speak of. */
export function defineProbeTool(execute: ToolDefinition['execute'], more: Partial<ToolDefinition> = {}): Tool {
  return defineTool({
    name: 'probe',
    description: 'for tests',
    version: '1',
    inputSchema: z.object({}),
    outputSchema: z.unknown(),
    annotations: { readOnlyHint: true },
    retry: { maxAttempts: 3, minTimeoutMs: 1, factor: 1, maxTimeoutMs: 1 },
    execute,
    ...more,
  });
}
