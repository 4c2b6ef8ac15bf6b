import type { Tool } from '../define-tool.ts';
import { checkToolCall } from '../executor/check-tool-call.ts';
import { createRefusedOutcome } from '../executor/create-unrun-outcome.ts';
import { executeTool } from '../executor/execute-tool.ts';
import type { ToolExecutorDeps } from '../executor/tool-executor-deps.ts';
import type { ToolOutcome } from '../executor/tool-outcome.ts';
import { createLocalDeps } from './create-local-deps.ts';
import { createRecordedScope, type RecordedScope } from './create-recorded-scope.ts';

export interface CallToolOptions {
  /** The tools there are; the first one is called. */
  tools: readonly [Tool, ...Tool[]];
  /** What the model wrote: text is taken as JSON text, anything else is turned into it. */
  input?: unknown;
  deps?: ToolExecutorDeps;
  recorded?: RecordedScope;
}

/** Calls a tool as the agent does, gate included, without servers. */
export async function callTool(options: CallToolOptions): Promise<ToolOutcome> {
  const [tool] = options.tools;
  const deps = options.deps ?? createLocalDeps(options.tools);
  const { scope } = options.recorded ?? createRecordedScope();
  const { input } = options;
  const inputJson = typeof input === 'string' ? input : JSON.stringify(input ?? {});
  const checked = checkToolCall({
    registry: deps.registry,
    granted: new Set([tool.name]),
    call: { toolUseId: scope.toolUseId, name: tool.name, inputJson },
  });
  if (checked.kind === 'ready') return executeTool(deps, checked, scope);
  return createRefusedOutcome({ callId: scope.callId, toolUseId: scope.toolUseId, tool: tool.name }, checked.failure);
}
