import type { EffectClass, Failure, StepId, Usage } from '@nightshift/domain';

/** question: what a tool call asks a person; its answer is the result. */
export type StepKind = 'turn' | 'tool' | 'question';
/** intent: started, result unknown so far. done: settled. unknown: given up without knowing. void: it failed the
 * task; a resumed run tries it again. */
export type StepStatus = 'intent' | 'done' | 'unknown' | 'void';

/** One journaled unit (ARCHITECTURE.md 8): a model turn or a tool call. */
export interface StepRow {
  id: StepId;
  run: number;
  /** `t<turn>` for a turn, `t<turn>:<tool_use_id>` for a tool call, that and `?<n>` for its n-th question: stable over attempts, epochs and runs. */
  stepKey: string;
  turn: number;
  /** Order within the turn: 0 is the turn itself, tools follow in source order. */
  position: number;
  kind: StepKind;
  /** The model, or the tool. */
  name: string;
  status: StepStatus;
  effectClass?: EffectClass | undefined;
  idempotencyKey?: string | undefined;
  inputHash?: string | undefined;
  /** JSON text, verbatim: what the fold needs. */
  content?: string | undefined;
  failure?: Failure | undefined;
  attempts: number;
  usage?: Partial<Usage> | undefined;
  startedAt: Date;
}
