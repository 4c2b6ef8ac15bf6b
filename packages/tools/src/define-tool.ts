import type { EffectClass, Json, RetryPolicy, Visibility } from '@nightshift/domain';
import type { z } from 'zod';
import type { ToolContext } from './tool-context.ts';

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

export interface ToolDefinition<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** `[a-z][a-z0-9_]*`, at most 64 characters: what the model calls. */
  name: string;
  description: string;
  /** Changes when the meaning of input or output changes. */
  version: string;
  inputSchema: I;
  outputSchema: O;
  annotations?: ToolAnnotations;
  /** soft: told to the tool and to the client, a partial result is kept; hard: aborted. */
  timeoutMs?: { soft?: number; hard: number };
  retry?: Partial<RetryPolicy>;
  breaker?: ToolBreakerOptions;
  /** At most this many calls of the tool at once in a worker process. */
  concurrency?: { perWorker: number };
  /** Names of tools tried in order when this one fails; the model is told which ran and why. */
  fallback?: readonly string[];
  /** The result is the task's answer, no further model call. */
  returnDirect?: boolean;
  /** Who sees raw input and output in events; default developer for both. */
  visibility?: { input?: Visibility; output?: Visibility };
  /**
   * The result: a value, or an async generator whose yields are streamed as `tool.chunk` events and whose return value
   * is the result.
   */
  execute(
    input: z.output<I>,
    context: ToolContext,
  ): Promise<z.input<O>> | AsyncGenerator<Json, z.input<O>, void>;
  /** What the model reads instead of the JSON of the output. `partial` is true when the call did not finish. */
  toModelOutput?(result: { output: z.output<O>; partial: boolean }): ModelOutput;
}

/** A tool as the executor runs it: checked, with every default filled in. */
export interface Tool extends Omit<ToolDefinition, 'timeoutMs' | 'retry' | 'annotations' | 'visibility' | 'fallback'> {
  readonly annotations: Required<ToolAnnotations>;
  readonly effectClass: EffectClass;
  readonly timeoutMs: { soft: number | undefined; hard: number };
  readonly retry: RetryPolicy;
  readonly fallback: readonly string[];
  readonly visibility: { input: Visibility; output: Visibility };
}
