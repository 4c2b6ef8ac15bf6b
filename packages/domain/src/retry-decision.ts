import type { Failure } from './failure.ts';

/** How often and how slowly something is tried again. The names are those of p-retry. */
export interface RetryPolicy {
  /** Tries in all, the first included. */
  maxAttempts: number;
  minTimeoutMs: number;
  factor: number;
  maxTimeoutMs: number;
}

/** A wait asked for by a vendor is honoured up to this long; a `retry-after` of days is a mistake or an attack. */
export const MAX_RETRY_AFTER_MS = 15 * 60_000;

/** Why trying stopped: what an operator wants to read first on a dead letter. */
export const RETRY_STOPPED = [
  'non_retryable',
  'max_attempts',
  'deadline',
  'cancel_requested',
  'process_deaths',
] as const;
export type RetryStopped = (typeof RETRY_STOPPED)[number];

export type RetryDecision = { kind: 'retry'; delayMs: number } | { kind: 'stop'; why: RetryStopped };

export interface RetryInput {
  failure: Failure;
  /** Number of the try that has just failed, from 1. */
  attempt: number;
  policy: RetryPolicy;
  /** Time left until the deadline; undefined without one. */
  remainingMs?: number | undefined;
  cancelRequested?: boolean;
  /** In [0, 1): full jitter. */
  random: number;
}

/**
 * Whether to try again, and when. Pure: no clock, no randomness of its own. Full jitter, so that a thousand tasks that
 * failed together do not come back together; a vendor's `retry_after_ms` is a floor, never shortened by jitter.
 */
export function decideRetry(input: RetryInput): RetryDecision {
  const { failure, attempt, policy } = input;
  if (input.cancelRequested) return { kind: 'stop', why: 'cancel_requested' };
  if (!failure.retryable) return { kind: 'stop', why: 'non_retryable' };
  if (attempt >= policy.maxAttempts) return { kind: 'stop', why: 'max_attempts' };
  const ceilingMs = Math.min(policy.maxTimeoutMs, policy.minTimeoutMs * policy.factor ** (attempt - 1));
  const floorMs = Math.min(failure.retry_after_ms ?? 0, MAX_RETRY_AFTER_MS);
  const delayMs = Math.round(floorMs + input.random * ceilingMs);
  if (input.remainingMs !== undefined && delayMs >= input.remainingMs) return { kind: 'stop', why: 'deadline' };
  return { kind: 'retry', delayMs };
}
