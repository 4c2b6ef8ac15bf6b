import type { ArtifactWriter } from '@nightshift/artifacts';
import type { Json, JsonObject, NewEvent, StepId } from '@nightshift/domain';
import type { Logger } from '@nightshift/telemetry';
import type { ToolContext } from '../tool-context.ts';
import type { ToolTransaction } from '../tool-database.ts';

/** What a tool asks a person. */
export interface ToolQuestion {
  /** The same over attempts, crashes and `resume`; its answer is sent under it. */
  readonly key: string;
  /** Which question of its call it is, from 1. */
  readonly number: number;
  readonly prompt: string;
  /** JSON Schema of the answer. */
  readonly schema: JsonObject;
}

/** What the agent lends to one tool call. */
export interface ToolCallScope {
  readonly task: ToolContext['task'];
  /** The journaled step of the call. */
  readonly callId: StepId;
  readonly toolUseId: string;
  /** Stored with the intent. */
  readonly idempotencyKey: string;
  /** Aborts on cancel, shutdown and a lost lease: executeTool then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly deadlineAt: Date | undefined;
  readonly log: Logger;
  /**
   * Puts an event into the task's log: in the order of the calls, resolved when the task's buffer has room again. A
   * rejection means that the log is lost to this worker; executeTool then rejects with the same reason.
   */
  emit(event: NewEvent): Promise<void>;
  /**
   * Of the call's own. executeTool leaves it open only when it resolves with `completed`: the agent then commits it with
   * the result, or rolls it back.
   */
  readonly transaction: ToolTransaction;
  /**
   * The answer of a person; the same question (by its key) is asked once. Rejects while there is none: the task then
   * waits outside of its slot, and executeTool rejects with the same reason.
   */
  ask(question: ToolQuestion): Promise<Json>;
  /** Rejects with the reason with which the task waits outside of its slot, at least for so long. */
  waitOutside(waitMs: number): Promise<never>;
  createArtifactWriter(name: string, options: { mediaType: string }): Promise<ArtifactWriter>;
}
