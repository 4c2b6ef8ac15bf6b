export { assertCount, assertDurationMs } from './assert-option.ts';
export {
  type BreakerOptions,
  type CheckedBreakerOptions,
  checkBreakerOptions,
  DEFAULT_PROBE_LEASE_MS,
} from './breaker/breaker-options.ts';
export { type BreakerState, CLOSED, toBreakerLevel } from './breaker/breaker-state.ts';
export type { BreakerReport, Breakers, BreakerVerdict } from './breaker/breakers.ts';
export { createSemaphore, type Semaphore } from './semaphore.ts';
