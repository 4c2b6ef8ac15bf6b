import type { EffectClass, Json, JsonObject, RetryPolicy, Visibility } from '@nightshift/domain';
import type { z } from 'zod';
import { assertToolDefinition } from './assert-tool-definition.ts';
import { toInputJsonSchema } from './input-json-schema.ts';
import { toEffectClass } from './to-effect-class.ts';
import type { ToolContext, VerifyContext } from './tool-context.ts';

/** MCP's names and meanings. Defaults: not read-only, destructive, not idempotent, open world. */
export interface ToolAnnotations {
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

export interface ToolBreakerOptions {
  /** Breakers with the same key are one breaker, shared by the fleet. */
  key: string;
  failureThreshold: number;
  openMs: number;
}

/** What the model reads; a string is one text block. */
export type ModelOutput = string | { type: 'text'; text: string }[];

/** What a tool found out about a call that was started and not recorded; `output` is what `execute` would have returned. */
export type Verification<O = unknown> =
  | { kind: 'happened'; output: O }
  | { kind: 'did_not_happen' }
  | { kind: 'cannot_tell' };

/** tell_model: the model reads that the outcome is unknown, and goes on. fail: the task ends in a dead letter. */
export type OnUnknownOutcome = 'tell_model' | 'fail';

export interface ToolDefinition<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** `[a-z][a-z0-9_]*`, at most 64 characters: what the model calls. */
  name: string;
  description: string;
  /** Changes when the meaning of input or output changes. */
  version: string;
  inputSchema: I;
  outputSchema: O;
  annotations?: ToolAnnotations;
  /** The tool writes only to our Postgres, through `context.transaction`: its writes commit with its journaled result. */
  effect?: 'transaction';
  /**
   * Finds out by the idempotency key whether a call has happened whose worker died before its result was recorded: the
   * call is then adopted, run again, or reported as unknown. Only reads. A check that throws is tried again by `retry`,
   * and cannot tell after that.
   */
  verify?(key: string, input: z.output<I>, context: VerifyContext): Promise<Verification<z.input<O>>>;
  /** What becomes of a call whose outcome stays unknown; default tell_model. */
  onUnknownOutcome?: OnUnknownOutcome;
  /** soft: told to the tool and to the client, a partial result is kept; hard: aborted. */
  timeoutMs?: { soft?: number; hard: number };
  retry?: Partial<RetryPolicy>;
  breaker?: ToolBreakerOptions;
  /** At most this many calls of the tool at once in a worker process. */
  concurrency?: { perWorker: number };
  /**
   * Names of tools tried in order, with the same input, when this one fails without a partial result; the model is told
   * which ran and why. Not after a ToolError or a FatalToolError. None may have a less safe effect class than this tool.
   */
  fallback?: readonly string[];
  /** The result is the task's answer, no further model call. */
  returnDirect?: boolean;
  /** Who sees raw input and output in events; default developer for both. */
  visibility?: { input?: Visibility; output?: Visibility };
  /**
   * The result: a value, or an async generator whose yields are streamed as `tool.chunk` events and whose return value
   * is the result.
   */
  execute(input: z.output<I>, context: ToolContext): Promise<z.input<O>> | AsyncGenerator<Json, z.input<O>, void>;
  /** What the model reads instead of the JSON of the output. `partial` is true when the call did not finish. */
  toModelOutput?(result: { output: z.output<O>; partial: boolean }): ModelOutput;
}

/** A tool as the executor runs it: checked, with every default filled in. */
export interface Tool
  extends Omit<ToolDefinition, 'timeoutMs' | 'retry' | 'annotations' | 'visibility' | 'fallback' | 'onUnknownOutcome'> {
  /** What the model is told about the input; objects are closed, as checkToolCall treats them. */
  readonly inputJsonSchema: JsonObject;
  readonly annotations: Required<ToolAnnotations>;
  readonly effectClass: EffectClass;
  readonly onUnknownOutcome: OnUnknownOutcome;
  readonly timeoutMs: { soft: number | undefined; hard: number };
  readonly retry: RetryPolicy;
  readonly fallback: readonly string[];
  readonly visibility: { input: Visibility; output: Visibility };
}

/** MCP's defaults: a tool that says nothing about itself is trusted with nothing. */
const DEFAULT_ANNOTATIONS: Required<ToolAnnotations> = Object.freeze({
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
});

export const DEFAULT_TOOL_TIMEOUT_MS = 60_000;

export const DEFAULT_TOOL_RETRY: RetryPolicy = Object.freeze({
  maxAttempts: 3,
  minTimeoutMs: 500,
  factor: 2,
  maxTimeoutMs: 30_000,
});

/**
 * Makes a tool of its definition: checked, defaults filled in, effect class derived from what it declares. Throws a
 * ToolDefinitionError that names the tool and the field.
 */
export function defineTool<I extends z.ZodType, O extends z.ZodType>(definition: ToolDefinition<I, O>): Tool {
  assertToolDefinition(definition);
  const annotations = { ...DEFAULT_ANNOTATIONS, ...definition.annotations };
  return Object.freeze({
    ...definition,
    inputJsonSchema: toInputJsonSchema(definition),
    annotations,
    effectClass: toEffectClass(definition),
    onUnknownOutcome: definition.onUnknownOutcome ?? 'tell_model',
    timeoutMs: {
      soft: definition.timeoutMs?.soft,
      hard: definition.timeoutMs?.hard ?? DEFAULT_TOOL_TIMEOUT_MS,
    },
    retry: { ...DEFAULT_TOOL_RETRY, ...definition.retry },
    fallback: [...(definition.fallback ?? [])],
    visibility: {
      input: definition.visibility?.input ?? 'developer',
      output: definition.visibility?.output ?? 'developer',
    },
  });
}
