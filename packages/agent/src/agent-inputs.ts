import type { z } from 'zod';
import { composerInput } from './composer-input.ts';
import { documentAnalystInput } from './document-analyst-input.ts';

/** What an agent accepts as input, for whoever takes tasks in and wants to refuse a bad one at once. */
export interface AgentInput {
  readonly schema: z.ZodType;
  /** Fields of a valid input that hold the id of a file of the task's tenant. */
  readonly fileFields: readonly string[];
}

/** By agent name, for the agents of this package. The worker checks the same schemas again when it starts a task. */
export const AGENT_INPUTS: ReadonlyMap<string, AgentInput> = new Map([
  ['document-analyst', { schema: documentAnalystInput, fileFields: ['file_id'] }],
  ['composer', { schema: composerInput, fileFields: [] }],
]);
