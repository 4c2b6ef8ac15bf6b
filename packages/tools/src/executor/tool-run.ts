import type { PreparedToolCall } from './check-tool-call.ts';
import type { ToolCallScope } from './tool-call-scope.ts';
import type { ToolExecutorDeps } from './tool-executor-deps.ts';

/** One call on its way through the executor, over retries and fallbacks. */
export interface ToolRun {
  readonly deps: ToolExecutorDeps;
  readonly scope: ToolCallScope;
  readonly prepared: PreparedToolCall;
  readonly startedAt: number;
  /** How often a tool was started so far. */
  attempts: number;
}

/** Time left to the task's deadline; undefined without one. */
export function remainingMsOf({ scope, deps }: Pick<ToolRun, 'scope' | 'deps'>): number | undefined {
  return scope.deadlineAt === undefined ? undefined : scope.deadlineAt.getTime() - deps.now();
}
