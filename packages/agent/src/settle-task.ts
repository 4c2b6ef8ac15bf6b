import {
  assertNever,
  createFailure,
  createId,
  decideRetry,
  type Failure,
  type Json,
  type NewEvent,
  type RetryPolicy,
  type RetryStopped,
  type WaitingFor,
} from '@nightshift/domain';
import type { TaskWrite } from '@nightshift/eventlog';
import type { DeadLetterReason, Settlement } from '@nightshift/store';
import { listOpenQuestions } from './ask-person.ts';
import type { Outcome } from './outcome.ts';
import type { TaskRun } from './task-run.ts';

/** Between attempts of a task. Shorter waits happen inside of an attempt. */
const TASK_RETRY: Omit<RetryPolicy, 'maxAttempts'> = { minTimeoutMs: 2_000, factor: 4, maxTimeoutMs: 300_000 };
const MAX_HISTORY = 20;
/** Ends that are the client's own limits, not something an operator has to look at. */
const NO_DEAD_LETTER: readonly Failure['code'][] = ['budget_exhausted', 'deadline_exceeded'];
/** Waits that somebody ends by telling the task something: such a wait begins only when everything told was read. */
const ENDED_BY_SIGNALS: readonly WaitingFor[] = ['input', 'approval', 'callback', 'budget'];

export interface Ending {
  settlement: Settlement;
  write: TaskWrite;
}

/** What is written at the end of an epoch, by its outcome. Pure but for the jitter it is handed. */
export function toEnding(run: TaskRun, outcome: Exclude<Outcome, { kind: 'fenced' }>): Ending {
  const { attempts, history } = run.task;
  const base = { usage: run.conversation.usage, attempts, history };
  const end = (settlement: Settlement, event: NewEvent): Ending => ({ settlement, write: { events: [event] } });
  switch (outcome.kind) {
    case 'completed': {
      const result = withPartial(outcome.result, outcome.partial);
      // An answer is the end only if nothing was said after the question; other ends do not wait for more words.
      const signalNo = outcome.stopReason === 'end_turn' ? { signalNo: run.conversation.signalNo } : {};
      return end(
        { ...base, to: 'completed', result: JSON.stringify(result), stopReason: outcome.stopReason, ...signalNo },
        {
          type: 'task.completed',
          data: { result, stop_reason: outcome.stopReason, usage: { ...base.usage } },
        },
      );
    }
    case 'failed':
      return toFailedEnding(run, outcome);
    case 'cancelled':
      return end({ ...base, to: 'cancelled' }, { type: 'task.cancelled', data: { usage: { ...base.usage } } });
    case 'expired': {
      const failure = createFailure('deadline_exceeded', 'The deadline passed before the task could finish.');
      return end({ ...base, to: 'expired', failure }, { type: 'task.expired', data: { failure: { ...failure } } });
    }
    case 'parked':
      return toParkedEnding(run, outcome.waitingFor, outcome.wakeInMs, base);
    case 'released':
      return { settlement: { ...base, to: 'queued' }, write: {} };
    default:
      return assertNever(outcome, 'outcome');
  }
}

function toParkedEnding(
  run: TaskRun,
  waitingFor: NonNullable<Settlement['waitingFor']>,
  wakeInMs: number | undefined,
  base: Pick<Settlement, 'usage' | 'attempts' | 'history'>,
  failure?: Failure,
): Ending {
  const wakeAt = wakeInMs === undefined ? undefined : new Date(run.deps.now() + wakeInMs).toISOString();
  const signalNo = ENDED_BY_SIGNALS.includes(waitingFor) ? { signalNo: run.conversation.signalNo } : {};
  return {
    settlement: { ...base, to: 'waiting', waitingFor, ...(wakeInMs === undefined ? {} : { wakeInMs }), ...signalNo },
    write: {
      events: [
        {
          type: 'task.waiting',
          data: {
            waiting_for: waitingFor,
            wake_at: wakeAt,
            attempts: base.attempts,
            ...(failure ? { failure: { ...failure } } : {}),
            ...(waitingFor === 'input' ? { questions: listOpenQuestions(run) } : {}),
          },
        },
      ],
    },
  };
}

/** Tries again later, or ends in a dead letter that says why trying stopped. */
function toFailedEnding(run: TaskRun, outcome: Extract<Outcome, { kind: 'failed' }>): Ending {
  const { failure } = outcome;
  const attempt = run.task.attempts + 1;
  const entry: Json = {
    attempt,
    at: new Date(run.deps.now()).toISOString(),
    epoch: run.task.epoch,
    failure: { ...failure },
  };
  const base = {
    usage: run.conversation.usage,
    attempts: attempt,
    history: [...run.task.history, entry].slice(-MAX_HISTORY),
  };
  const remainingMs = run.task.deadlineAt && run.task.deadlineAt.getTime() - run.deps.now();
  const decision = decideRetry({
    failure,
    attempt,
    policy: { ...TASK_RETRY, maxAttempts: run.limits.max_attempts },
    remainingMs,
    random: run.deps.random(),
  });
  // No further try fits in: the deadline is what ends the task then, and that is no dead letter.
  if (decision.kind === 'stop' && decision.why === 'deadline') {
    return toParkedEnding(run, 'retry', Math.max(0, remainingMs ?? 0), base, failure);
  }
  if (decision.kind === 'retry') return toParkedEnding(run, 'retry', decision.delayMs, base, failure);
  const retryStopped = failure.code === 'poison' ? 'process_deaths' : decision.why;
  const deadLetter = NO_DEAD_LETTER.includes(failure.code)
    ? undefined
    : {
        id: createId('dl'),
        reason: toReason(failure, retryStopped),
        retryStopped,
        ...(outcome.lastStepKey === undefined ? {} : { lastStepKey: outcome.lastStepKey }),
      };
  return {
    settlement: { ...base, to: 'failed', failure, ...(deadLetter ? { deadLetter } : {}) },
    write: {
      events: [
        {
          type: 'task.failed',
          data: {
            failure: { ...failure },
            attempts: attempt,
            retry_stopped: retryStopped,
            dead_letter_id: deadLetter?.id,
            usage: { ...base.usage },
          },
        },
      ],
    },
  };
}

function toReason(failure: Failure, stopped: RetryStopped): DeadLetterReason {
  if (failure.code === 'poison') return 'poison';
  if (failure.code === 'model_auth' || failure.code === 'model_billing') return 'needs_ops';
  if (failure.code === 'tool_outcome_unknown') return 'unknown_outcome';
  return stopped === 'non_retryable' ? 'permanent' : 'exhausted';
}

function withPartial(result: Json, partial: boolean): Json {
  if (!partial) return result;
  return result !== null && typeof result === 'object' && !Array.isArray(result)
    ? { ...result, partial: true }
    : { value: result, partial: true };
}
