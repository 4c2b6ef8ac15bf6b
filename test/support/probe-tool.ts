import { z } from 'zod';
import type { ModelServerOptions } from '../../packages/local/src/model/server/start-model-server.ts';
import { defineTool, type Tool, type ToolContext, type ToolDefinition } from '../../packages/tools/src/index.ts';

type ScriptedReply = Extract<NonNullable<ModelServerOptions['script']>, readonly unknown[]>[number];
type Message = Extract<ScriptedReply, { type: 'message' }>;
export type Delivery = NonNullable<Message['delivery']>;

export const PURE = { readOnlyHint: true };
export const KEYED = { idempotentHint: true };

export interface ProbeInput {
  n?: number | undefined;
  text?: string | undefined;
}

/** A tool that takes `{ n?: number, text?: string }` and does what the test says. No effect class unless given: unsafe. */
export function probeTool(
  name: string,
  execute: (input: ProbeInput, context: ToolContext) => unknown,
  rest: Partial<ToolDefinition> = {},
): Tool {
  return defineTool({
    name,
    description: `probe ${name}`,
    version: '1',
    inputSchema: z.object({ n: z.number().optional(), text: z.string().optional() }),
    outputSchema: z.unknown(),
    retry: { maxAttempts: 1 },
    execute: async (input: ProbeInput, context: ToolContext) => execute(input, context),
    ...rest,
  } as ToolDefinition) as Tool;
}

/** A reply that says something and ends. */
export function say(text: string, rest: Partial<Message> = {}): Message {
  return { type: 'message', content: [{ type: 'text', text }], ...rest };
}

/** A reply that calls a tool once for each input. */
export function call(name: string, inputs: unknown[] = [{}], rest: Partial<Message> = {}): Message {
  return { type: 'message', content: inputs.map((input) => ({ type: 'tool_use' as const, name, input })), ...rest };
}
