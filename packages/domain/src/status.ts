/**
 * Where a task is in its life (API.md 2). The same strings in SQL, JSON, events and docs; a test compares this table
 * with the CHECK constraint.
 *
 * queued: due now. running: claimed by a worker. waiting: for what `waiting_for` says. The rest are final; only an
 * operator's replay leaves them.
 */
export const STATUS_TRANSITIONS = {
  queued: ['running', 'cancelled', 'expired', 'failed'],
  running: ['waiting', 'queued', 'completed', 'failed', 'cancelled', 'expired'],
  waiting: ['queued', 'cancelled', 'expired', 'failed'],
  completed: ['queued'],
  failed: ['queued'],
  cancelled: ['queued'],
  expired: ['queued'],
} as const satisfies Record<string, readonly string[]>;

export type Status = keyof typeof STATUS_TRANSITIONS;

export const STATUSES = Object.keys(STATUS_TRANSITIONS) as Status[];

export const FINAL_STATUSES = ['completed', 'failed', 'cancelled', 'expired'] as const satisfies readonly Status[];
export type FinalStatus = (typeof FINAL_STATUSES)[number];

export function isFinal(status: Status): status is FinalStatus {
  return (FINAL_STATUSES as readonly Status[]).includes(status);
}

/** The statuses from which a task may move to this one: passed to SQL as a parameter, so there is one table. */
export function statusesThatMayBecome(target: Status): Status[] {
  return STATUSES.filter((from) => (STATUS_TRANSITIONS[from] as readonly Status[]).includes(target));
}

/** What a waiting task waits for (ARCHITECTURE.md 11). */
export const WAITING_FOR = [
  'input',
  'approval',
  'callback',
  'budget',
  'provider',
  'rate_limit',
  'retry',
  'schedule',
] as const;
export type WaitingFor = (typeof WAITING_FOR)[number];

/** Why a completed task ended; `end_turn` is the ordinary one, the others may come with a partial result. */
export const STOP_REASONS = ['end_turn', 'max_turns', 'max_output', 'refusal'] as const;
export type StopReason = (typeof STOP_REASONS)[number];
