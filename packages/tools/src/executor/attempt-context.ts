import { type EventType, failWith, type Json, type NewEvent } from '@nightshift/domain';
import type { Tool } from '../define-tool.ts';
import { ToolCallOverError } from '../errors/tool-call-over-error.ts';
import type { ToolContext } from '../tool-context.ts';
import { createAttemptArtifacts } from './attempt-artifacts.ts';
import { createAttemptWaits } from './attempt-waits.ts';
import type { KeptResult } from './kept-result.ts';
import { lendTransaction } from './lend-transaction.ts';
import { toPlainJson } from './to-plain-json.ts';
import type { ToolCallScope } from './tool-call-scope.ts';
import { toToolEvent } from './tool-event.ts';

/** One event; bytes go to artifacts. */
export const MAX_TOOL_EVENT_BYTES = 256_000;

/** What `execute` returns, and what `partial` keeps. */
export const MAX_TOOL_OUTPUT_BYTES = 1_000_000;

const MAX_NOTE_CHARS = 500;

export interface AttemptContextOptions {
  tool: Tool;
  scope: ToolCallScope;
  attempt: number;
  idempotencyKey: string;
  signal: AbortSignal;
  softSignal: AbortSignal;
  kept: KeptResult;
  /** The task does not go on here: its log refused an event, or it waits outside of its slot. */
  onLogLost(reason: unknown): void;
}

export interface AttemptContext {
  readonly context: ToolContext;
  /** From now on nothing comes through: a tool that goes on after its end can reach neither log nor client. */
  close(): void;
  /** Aborts the artifacts that the tool has left open. Never rejects. */
  abortArtifacts(reason: string): Promise<void>;
}

/** The context of one try. Its promises never go unhandled: a tool that does not await them must not end the worker. */
export function createAttemptContext(options: AttemptContextOptions): AttemptContext {
  const { tool, scope, kept } = options;
  let open = true;

  function assertOpen(): void {
    if (!open) throw new ToolCallOverError(tool.name);
  }

  const artifacts = createAttemptArtifacts(scope, assertOpen);
  const transaction = lendTransaction({ tool, scope, assertOpen });
  const waits = createAttemptWaits({ ...options, assertOpen, onLeave: options.onLogLost });

  /** Puts the event into the log before it returns: events keep the order of the calls, awaited or not. */
  function send(create: () => NewEvent): Promise<void> {
    return withoutUnhandled(async () => {
      assertOpen();
      const event = create();
      try {
        await scope.emit(event);
      } catch (reason) {
        options.onLogLost(reason);
        throw reason;
      }
    });
  }

  const context: ToolContext = {
    task: scope.task,
    callId: scope.callId,
    toolUseId: scope.toolUseId,
    attempt: options.attempt,
    idempotencyKey: options.idempotencyKey,
    signal: options.signal,
    softSignal: options.softSignal,
    deadlineAt: scope.deadlineAt,
    log: scope.log,
    emit: (type, data) => send(() => ({ type: toAllowedType(type), stepId: scope.callId, data: toData(data) })),
    progress: ({ done, total, note }) =>
      send(() => {
        const data = { attempt: options.attempt, done, total, note: note?.slice(0, MAX_NOTE_CHARS).toWellFormed() };
        return toToolEvent(scope, 'tool.progress', { tool: tool.name, ...data });
      }),
    chunk: (value) =>
      send(() => {
        const chunk = toJsonOrFail('chunk', value, MAX_TOOL_EVENT_BYTES);
        kept.addChunk(chunk.value, chunk.bytes);
        const data = { tool: tool.name, attempt: options.attempt, chunk: chunk.value };
        return toToolEvent(scope, 'tool.chunk', data, tool.visibility.output);
      }),
    partial(value) {
      // Ignored instead of refused: it is often called from a timer, where a throw would end the worker.
      if (!open) return;
      kept.setPartial(toJsonOrFail('partial result', value, MAX_TOOL_OUTPUT_BYTES).value);
    },
    requestInput: (schema, prompt) => withoutUnhandled(() => waits.requestInput(schema, prompt)),
    waitUntil: (at) => withoutUnhandled(() => waits.waitUntil(at)),
    artifact: (name, artifactOptions) => withoutUnhandled(() => artifacts.open(name, artifactOptions)),
    transaction: (work) => withoutUnhandled(() => transaction(work)),
  };

  return {
    context,
    close() {
      open = false;
    },
    abortArtifacts: artifacts.abortAll,
  };
}

/** Tools speak for themselves, not for the task, the model or the executor. */
function toAllowedType(type: EventType): EventType {
  if (type === 'log' || type.startsWith('speech.') || type.startsWith('music.')) return type;
  throw failWith('tool_failed', `a tool may emit speech.*, music.* and log events, not "${type}"`, {
    retryable: false,
  });
}

function toData(data: { [key: string]: Json | undefined }): { [key: string]: Json } {
  const { value } = toJsonOrFail('event', data, MAX_TOOL_EVENT_BYTES);
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : { value };
}

function toJsonOrFail(what: string, value: unknown, maxBytes: number): { value: Json; bytes: number } {
  const plain = toPlainJson(value, maxBytes);
  if (plain.ok) return plain;
  throw failWith('tool_bad_output', `the ${what} cannot be used: ${plain.problem}`);
}

/** The promise rejects for whoever awaits it, and for nobody else. */
function withoutUnhandled<T>(fn: () => Promise<T>): Promise<T> {
  const promise = fn();
  promise.catch(() => {});
  return promise;
}
