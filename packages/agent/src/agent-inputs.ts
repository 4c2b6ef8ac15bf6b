import type { z } from 'zod';
import { COMPOSER_JOURNAL_VERSION, composerInput } from './composer-input.ts';
import { DOCUMENT_ANALYST_JOURNAL_VERSION, documentAnalystInput } from './document-analyst-input.ts';

/** What an agent accepts, for whoever takes tasks and replays in and wants to refuse a bad one at once. */
export interface AgentInput {
  readonly schema: z.ZodType;
  /** Fields of a valid input that hold the id of a file of the task's tenant. */
  readonly fileFields: readonly string[];
  /** Journals of another version can only be restarted. */
  readonly journalVersion: number;
}

/** By agent name, for the agents of this package. The worker checks the same schemas again when it starts a task. */
export const AGENT_INPUTS: ReadonlyMap<string, AgentInput> = new Map([
  [
    'document-analyst',
    { schema: documentAnalystInput, fileFields: ['file_id'], journalVersion: DOCUMENT_ANALYST_JOURNAL_VERSION },
  ],
  ['composer', { schema: composerInput, fileFields: [], journalVersion: COMPOSER_JOURNAL_VERSION }],
]);
