import type { Failure, Limits } from '@nightshift/domain';
import type { Tool, ToolOutcome } from '@nightshift/tools';
import type { z } from 'zod';

/** What agent authors write (AGENTS-AND-TOOLS.md). */
export interface AgentDefinition<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** `[a-z][a-z0-9-]*`: what clients name. */
  name: string;
  version: string;
  /**
   * Changes (1, 2, ...) when a journal of the version before can no longer be continued: tools renamed, other meanings of
   * their results, another first message. Tasks with another journal fail, and can only be restarted. Default 1.
   */
  journalVersion?: number;
  /** Models in order: the next one is tried when the one before cannot be used. */
  model: string | readonly string[];
  instructions: string;
  tools: readonly Tool[];
  inputSchema: I;
  /** The first message of the task, from its input. The same input must give the same message: it is not journaled. */
  toPrompt(input: z.output<I>): string;
  /** With it the answer must be JSON of this shape, and becomes the task's result; without it the result is `{ text }`. */
  outputSchema?: O;
  limits?: Limits;
  /** Tool calls of one turn that run at once. */
  parallelTools?: number;
  /** Share of the context window a request may fill. */
  contextUtilization?: number;
  /** The failure with which the task ends when a tool call ended like this; undefined lets the model go on. */
  failsTask?(call: { name: string; outcome: ToolOutcome }): Failure | undefined;
}

export interface Agent extends Omit<AgentDefinition, 'model'> {
  readonly models: readonly [string, ...string[]];
  readonly journalVersion: number;
  readonly parallelTools: number;
  readonly contextUtilization: number;
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/;
/** An integer of Postgres. */
const MAX_JOURNAL_VERSION = 2 ** 31 - 1;
const DEFAULT_PARALLEL_TOOLS = 4;
const DEFAULT_CONTEXT_UTILIZATION = 0.85;

/** Checks a definition and fills in its defaults. Throws a sentence that names the field. */
export function defineAgent<I extends z.ZodType, O extends z.ZodType>(definition: AgentDefinition<I, O>): Agent {
  const { model, ...rest } = definition;
  const [first, ...others] = typeof model === 'string' ? [model] : model;
  if (!NAME.test(definition.name)) throw new Error(`agent name "${definition.name}" must match ${NAME}`);
  if (!first) throw new Error(`agent ${definition.name}: model must name at least one model`);
  const { journalVersion = 1 } = definition;
  if (!Number.isSafeInteger(journalVersion) || journalVersion < 1 || journalVersion > MAX_JOURNAL_VERSION) {
    throw new Error(`agent ${definition.name}: journalVersion must be a whole number from 1, got ${journalVersion}`);
  }
  const toolNames = definition.tools.map((tool) => tool.name);
  const twice = toolNames.find((name, index) => toolNames.indexOf(name) !== index);
  if (twice) throw new Error(`agent ${definition.name}: tools has "${twice}" twice`);
  return {
    ...(rest as unknown as Omit<AgentDefinition, 'model'>),
    models: [first, ...others],
    journalVersion,
    parallelTools: definition.parallelTools ?? DEFAULT_PARALLEL_TOOLS,
    contextUtilization: definition.contextUtilization ?? DEFAULT_CONTEXT_UTILIZATION,
  };
}
