import { createFailure, FailureError, messageOf } from '@nightshift/domain';
import { FencedError, WriteRefusedError } from '@nightshift/eventlog';
import type { Outcome } from './outcome.ts';
import { CancelRequestedError, DeadlinePassedError, ParkError, ShutdownError } from './stop-reasons.ts';

const STORAGE_WAIT_MS = 2_000;

/** What a thrown value means for the task: the one place where errors of a run become an outcome. */
export function toOutcome(thrown: unknown, lastStepKey?: string): Outcome {
  if (thrown instanceof FencedError) return { kind: 'fenced' };
  if (thrown instanceof CancelRequestedError) return { kind: 'cancelled' };
  if (thrown instanceof DeadlinePassedError) return { kind: 'expired' };
  if (thrown instanceof ShutdownError) return { kind: 'released' };
  if (thrown instanceof ParkError) return { kind: 'parked', waitingFor: thrown.waitingFor, wakeInMs: thrown.wakeInMs };
  const at = lastStepKey === undefined ? {} : { lastStepKey };
  if (thrown instanceof FailureError && thrown.failure.code === 'storage_unavailable') {
    return { kind: 'parked', waitingFor: 'retry', wakeInMs: STORAGE_WAIT_MS }; // our own outage costs no attempt
  }
  if (thrown instanceof FailureError) return { kind: 'failed', failure: thrown.failure, ...at };
  if (thrown instanceof WriteRefusedError) {
    const failure = createFailure('internal', 'The database refused to store what the task produced.', {
      retryable: false,
    });
    return { kind: 'failed', failure, ...at };
  }
  return { kind: 'failed', failure: createFailure('agent_failed', messageOf(thrown).slice(0, 500)), ...at };
}
