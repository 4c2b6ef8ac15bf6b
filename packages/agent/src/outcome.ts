import type { Failure, Json, StopReason, WaitingFor } from '@nightshift/domain';

/** How an epoch of a task ends. One dispatch on it, in settle-task.ts. */
export type Outcome =
  | { kind: 'completed'; result: Json; stopReason: StopReason; partial: boolean }
  | { kind: 'failed'; failure: Failure; lastStepKey?: string }
  | { kind: 'cancelled' }
  | { kind: 'expired' }
  /** Waits outside of a slot, until something happens or for a time; costs no attempt. */
  | { kind: 'parked'; waitingFor: WaitingFor; wakeInMs: number | undefined }
  /** Handed back at a step boundary; costs no attempt. */
  | { kind: 'released' }
  /** Somebody else has the task: nothing is written. */
  | { kind: 'fenced' };
