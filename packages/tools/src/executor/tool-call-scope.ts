import type { ArtifactWriter } from '@nightshift/artifacts';
import type { NewEvent, StepId } from '@nightshift/domain';
import type { Logger } from '@nightshift/telemetry';
import type { ToolContext } from '../tool-context.ts';
import type { ToolTransaction } from '../tool-database.ts';

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
  createArtifactWriter(name: string, options: { mediaType: string }): Promise<ArtifactWriter>;
}
