import { decideRetry, type Failure, type RetryPolicy } from '@nightshift/domain';
import { assertCount, assertDurationMs } from './assert-option.ts';
import { RetryStoppedError } from './retry-stopped-error.ts';
import { sleep } from './sleep.ts';

export interface RetryDeps {
  /** In [0, 1): full jitter. */
  random(): number;
  /** Milliseconds since 1970. */
  now(): number;
}

/** A try that failed and will be followed by another one. */
export interface RetryNotice {
  failure: Failure;
  /** Number of the try that failed, from 1. */
  attempt: number;
  delayMs: number;
}

export interface RetryOptions {
  policy: RetryPolicy;
  /** What a thrown value means; only failures that are `retryable` are tried again. */
  toFailure(thrown: unknown): Failure;
  signal?: AbortSignal | undefined;
  /** No back-off reaches past this moment. */
  deadlineAt?: number | undefined;
  /** Called before each back-off. */
  onRetry?(notice: RetryNotice): void | Promise<void>;
}

/**
 * Calls `fn` until it succeeds or the pure decision (decideRetry) says stop: then RetryStoppedError. Once the signal has
 * aborted, `fn` is never called again, and a back-off ends at once with the signal's reason.
 */
export async function retry<T>(
  deps: RetryDeps,
  fn: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  assertRetryPolicy(options.policy);
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted();
    try {
      return await fn(attempt);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      const failure = options.toFailure(thrown);
      const decision = decideRetry({
        failure,
        attempt,
        policy: options.policy,
        remainingMs: options.deadlineAt === undefined ? undefined : options.deadlineAt - deps.now(),
        random: deps.random(),
      });
      if (decision.kind === 'stop') {
        throw new RetryStoppedError({ why: decision.why, attempts: attempt, failure, cause: thrown });
      }
      await options.onRetry?.({ failure, attempt, delayMs: decision.delayMs });
      await sleep(decision.delayMs, options.signal);
    }
  }
}

/** Throws a RangeError that names the field and its value unless the policy can be followed. */
export function assertRetryPolicy(policy: RetryPolicy): void {
  assertCount('retry.maxAttempts', policy.maxAttempts, { min: 1 });
  assertDurationMs('retry.minTimeoutMs', policy.minTimeoutMs, { min: 0 });
  assertDurationMs('retry.maxTimeoutMs', policy.maxTimeoutMs, { min: 0 });
  if (!(policy.factor >= 1 && Number.isFinite(policy.factor))) {
    throw new RangeError(`retry.factor must be a number of at least 1, got ${String(policy.factor)}`);
  }
}
