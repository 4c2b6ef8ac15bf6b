export { assertCount, assertDurationMs } from './assert-option.ts';
export {
  type BreakerOptions,
  type CheckedBreakerOptions,
  checkBreakerOptions,
  DEFAULT_PROBE_LEASE_MS,
} from './breaker/breaker-options.ts';
export { type BreakerState, CLOSED, toBreakerLevel } from './breaker/breaker-state.ts';
export {
  admitCall,
  countsAsOutage,
  forceState,
  recordFailure,
  recordSuccess,
  releaseProbe,
  toOpenMs,
} from './breaker/breaker-transitions.ts';
export type { BreakerReport, Breakers, BreakerVerdict } from './breaker/breakers.ts';
export { createLocalBreaker, type LocalBreaker } from './breaker/local-breaker.ts';
export { createLocalBreakers, type LocalBreakers } from './breaker/local-breakers.ts';
export { type TripStrategy, tripAfterConsecutive } from './breaker/trip-strategy.ts';
export { callWithFailpoints, type FailpointHandler, reachFailpoint, setFailpoints } from './failpoint.ts';
export { createFailpoints, type FailpointAction, type FailpointPlan, parseFailpoints } from './failpoint-plan.ts';
export {
  assertRetryPolicy,
  type RetryDeps,
  type RetryNotice,
  type RetryOptions,
  retry,
} from './retry.ts';
export { RetryStoppedError } from './retry-stopped-error.ts';
export { createSemaphore, type Semaphore } from './semaphore.ts';
export { sleep } from './sleep.ts';
export { TimeoutError } from './timeout-error.ts';
export { type TimeoutOptions, withTimeout } from './with-timeout.ts';
