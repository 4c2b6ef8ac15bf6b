import { failWith, type JsonObject, messageOf } from '@nightshift/domain';
import { sleep } from '@nightshift/resilience';
import { z } from 'zod';
import type { Tool } from '../define-tool.ts';
import { ToolError } from '../errors/tool-error.ts';
import type { ToolContext } from '../tool-context.ts';
import type { ToolCallScope } from './tool-call-scope.ts';

/** A longer wait is spent outside of the slot (ARCHITECTURE.md 11). */
export const MAX_WAIT_IN_SLOT_MS = 30_000;
const MAX_PROMPT_CHARS = 8_000;
const MAX_SCHEMA_BYTES = 32_000;
const MAX_QUESTIONS = 20;

export interface AttemptWaitsOptions {
  tool: Tool;
  scope: ToolCallScope;
  idempotencyKey: string;
  signal: AbortSignal;
  /** Throws once the try is over. */
  assertOpen(): void;
  /** The task does not go on here: the try ends, and not with a failure. */
  onLeave(reason: unknown): void;
}

/** The parts of a try's context that wait for people and for time. */
export function createAttemptWaits(options: AttemptWaitsOptions): Pick<ToolContext, 'requestInput' | 'waitUntil'> {
  const { tool, scope, idempotencyKey } = options;
  let questions = 0;

  async function leaving<T>(wait: () => Promise<T>): Promise<T> {
    try {
      return await wait();
    } catch (reason) {
      options.onLeave(reason);
      throw reason;
    }
  }

  return {
    async requestInput(schema, prompt) {
      options.assertOpen();
      const number = ++questions;
      if (number > MAX_QUESTIONS) throw failWith('tool_failed', `the tool asked more than ${MAX_QUESTIONS} questions`);
      const question = {
        key: number === 1 ? idempotencyKey : `${idempotencyKey}.${number}`,
        number,
        prompt: prompt.slice(0, MAX_PROMPT_CHARS).toWellFormed(),
        schema: toAnswerSchema(tool, schema),
      };
      const answer = await leaving(() => scope.ask(question));
      const parsed = await schema.safeParseAsync(answer);
      if (parsed.success) return parsed.data;
      throw new ToolError(`The answer cannot be used: ${parsed.error.issues[0]?.message ?? 'it does not fit'}.`);
    },
    async waitUntil(at) {
      options.assertOpen();
      const waitMs = at.getTime() - Date.now();
      if (!(waitMs > 0)) return;
      if (waitMs > MAX_WAIT_IN_SLOT_MS) await leaving(() => scope.waitOutside(waitMs));
      await sleep(waitMs, options.signal);
    },
  };
}

/** What the door checks answers with. The definition is the author's: one that cannot be written down is a bug. */
function toAnswerSchema(tool: Tool, schema: z.ZodType): JsonObject {
  let converted: JsonObject;
  try {
    const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
    converted = JSON.parse(JSON.stringify(rest)) as JsonObject;
  } catch (error) {
    throw failWith('tool_failed', `the question's schema cannot be written as JSON Schema: ${messageOf(error)}`, {
      detail: { tool: tool.name },
    });
  }
  if (JSON.stringify(converted).length > MAX_SCHEMA_BYTES)
    throw failWith('tool_failed', "the question's schema is too big");
  return converted;
}
