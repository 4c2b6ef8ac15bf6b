export type { AgentDeps } from './agent-deps.ts';
export { AGENT_INPUTS, type AgentInput } from './agent-inputs.ts';
export { createComposer } from './composer.ts';
export { type Agent, type AgentDefinition, defineAgent } from './define-agent.ts';
export { createDocumentAnalyst } from './document-analyst.ts';
export { type EpochEnd, type RunTaskOptions, runTask } from './run-task.ts';
export { CancelRequestedError, DeadlinePassedError, ParkError, ShutdownError } from './stop-reasons.ts';
