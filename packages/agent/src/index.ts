export type { AgentDeps } from './agent-deps.ts';
export { type Agent, type AgentDefinition, defineAgent } from './define-agent.ts';
export { createDocumentAnalyst } from './document-analyst.ts';
export type { Outcome } from './outcome.ts';
export { type RunTaskOptions, runTask } from './run-task.ts';
export { CancelRequestedError, DeadlinePassedError, ParkError, ShutdownError } from './stop-reasons.ts';
