import type { Failure, Json, NewEvent } from '@nightshift/domain';

/** A block of text for the model; vendor neutral. */
export interface ModelText {
  type: 'text';
  text: string;
}

/** What every outcome carries, whatever its kind. */
export interface OutcomeOfAnyKind {
  /** What the model reads as the result of its call: safe text, at most MAX_MODEL_CONTENT_BYTES in all. */
  readonly modelContent: ModelText[];
  readonly isError: boolean;
  /** How often a tool was really started for this call, fallbacks included. */
  readonly attempts: number;
  /** The tool whose end this is: another than the one called when a fallback ran. */
  readonly ranTool: string;
  readonly durationMs: number;
  /** `tool.output` and `tool.completed` or `tool.failed`: committed by the agent together with the result. */
  readonly finalEvents: NewEvent[];
}

/**
 * How a tool call ended (AGENTS-AND-TOOLS.md). Refusals, failures and results travel the same road: the agent journals
 * whatever this is and shows `modelContent` to the model.
 *
 * completed: the validated output. partial: stopped or failed with something in hand; `failure` says why it is not whole.
 * failed: `fatal` asks for the task to fail. timed_out: nothing in hand at the hard timeout. refused: nothing ran.
 * unknown: a worker died during a call that must not be repeated.
 */
export type ToolOutcome =
  | (OutcomeOfAnyKind & { readonly kind: 'completed'; readonly output: Json })
  | (OutcomeOfAnyKind & { readonly kind: 'partial'; readonly output: Json; readonly failure: Failure })
  | (OutcomeOfAnyKind & { readonly kind: 'failed'; readonly failure: Failure; readonly fatal: boolean })
  | (OutcomeOfAnyKind & { readonly kind: 'timed_out'; readonly failure: Failure })
  | (OutcomeOfAnyKind & { readonly kind: 'refused'; readonly failure: Failure })
  | (OutcomeOfAnyKind & { readonly kind: 'unknown'; readonly failure: Failure });
