import { AsyncLocalStorage } from 'node:async_hooks';
import type { ArtifactWriter } from '@nightshift/artifacts';
import type { EventType, Json, StepId, TaskId, TenantId } from '@nightshift/domain';
import type { Logger } from '@nightshift/telemetry';
import type { z } from 'zod';
import type { ToolDatabase } from './tool-database.ts';

/**
 * What a running tool call may use (AGENTS-AND-TOOLS.md). A tool has two outputs: what `execute` returns goes to the
 * model and into the journal; everything it does through this context goes to the client and to S3 and never to the
 * model. Once the call is over (returned, timed out, cancelled), its promises reject with ToolCallOverError.
 */
export interface ToolContext {
  readonly task: { readonly id: TaskId; readonly tenantId: TenantId; readonly agent: string; readonly input: Json };
  /** The journaled step of this call. */
  readonly callId: StepId;
  /** The id the model gave to the call. */
  readonly toolUseId: string;
  /** Number of the try, from 1. */
  readonly attempt: number;
  /** Stored with the intent: the same over attempts, crashes and `resume`. */
  readonly idempotencyKey: string;
  /** Aborts on cancel, hard timeout, deadline and a lost lease. */
  readonly signal: AbortSignal;
  /** Aborts when the soft timeout passes: a tool that can stop early with a partial result listens to it. */
  readonly softSignal: AbortSignal;
  readonly deadlineAt: Date | undefined;
  readonly log: Logger;
  /**
   * Sends an event to the client only. Resolves when the task's buffer has room again: awaiting it is the back-pressure.
   * Types outside of the tool families (`speech.* music.* log`) are refused.
   */
  emit(type: EventType, data: { [key: string]: Json | undefined }): Promise<void>;
  /** `tool.progress`; `total` may be unknown. */
  progress(update: { done: number; total?: number; note?: string }): Promise<void>;
  /** `tool.chunk`: streams a part of the result to the client and collects it for the partial result. */
  chunk(value: Json): Promise<void>;
  /** Keeps a result that is used if the tool later fails or times out. The last one wins; after the end it is ignored. */
  partial(value: Json): void;
  /**
   * Asks a person and gives the answer, of the schema's output. While there is none the task waits outside of its slot
   * (the call is aborted), and after the answer the tool is started from its beginning: ask before you act. Questions of a
   * call are told apart by their order, so a repeated call must ask the same ones. A ToolError when the answer does not
   * fit what the schema checks beyond its JSON Schema.
   */
  requestInput<S extends z.ZodType>(schema: S, prompt: string): Promise<z.output<S>>;
  /**
   * Waits until a time. Up to 30 s in the slot; a longer wait is spent outside of it, and the tool is started from its
   * beginning afterwards.
   */
  waitUntil(at: Date): Promise<void>;
  /** A writer of bytes to S3; its row is registered before the first byte leaves. */
  artifact(name: string, options: { mediaType: string }): Promise<ArtifactWriter>;
  /**
   * Only for tools with `effect: 'transaction'`. Runs `work` in the one transaction of this try, which commits together
   * with the result that `execute` returns, and with nothing else: a try that fails, and a worker that lost the task,
   * leave nothing behind. For tables of your own. Postgres ends a transaction that idles for 5 s.
   */
  transaction<T>(work: (db: ToolDatabase) => Promise<T>): Promise<T>;
}

/** What a tool's `verify` may use: it looks, and neither writes nor streams. */
export type VerifyContext = Pick<
  ToolContext,
  'task' | 'callId' | 'toolUseId' | 'idempotencyKey' | 'signal' | 'deadlineAt' | 'log'
>;

/** Outside of a task there is no context: code that asks for it there has a bug, and is told so. */
export class NoToolContextError extends Error {
  override readonly name = 'NoToolContextError';
  constructor() {
    super('no tool call is running here: the tool context exists only while a tool executes');
  }
}

const storage = new AsyncLocalStorage<ToolContext>();

/** The context of the running tool call, without passing it down. Throws NoToolContextError outside of one. */
export function currentToolContext(): ToolContext {
  const context = storage.getStore();
  if (!context) throw new NoToolContextError();
  return context;
}

/**
 * Runs the function with this context. An async generator sees the context of whoever calls `next`: the executor calls
 * `next` and `return` inside of this.
 */
export function runInToolContext<T>(context: ToolContext, fn: () => T): T {
  return storage.run(context, fn);
}
