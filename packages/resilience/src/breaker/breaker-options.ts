import { assertCount } from '../assert-option.ts';

/** How a breaker behaves. Whoever calls with a key brings its options; breakers with the same key should bring the same. */
export interface BreakerOptions {
  /** Failures in a row that open a closed breaker. */
  failureThreshold: number;
  /** How long an open breaker refuses before it lets one probe through. Whole, like every time Redis keeps for us. */
  openMs: number;
  /**
   * How long a probe may take before another caller may probe: a worker that dies while probing must not block everybody
   * for ever. Default DEFAULT_PROBE_LEASE_MS; give the hard timeout of the call, plus a little.
   */
  probeLeaseMs?: number | undefined;
}

/** The same with every default filled in. */
export interface CheckedBreakerOptions {
  readonly failureThreshold: number;
  readonly openMs: number;
  readonly probeLeaseMs: number;
}

export const DEFAULT_PROBE_LEASE_MS = 60_000;

/** Fills in defaults; throws a RangeError that names the field and its value when one is out of range. */
export function checkBreakerOptions(options: BreakerOptions): CheckedBreakerOptions {
  const probeLeaseMs = options.probeLeaseMs ?? DEFAULT_PROBE_LEASE_MS;
  assertCount('breaker.failureThreshold', options.failureThreshold, { min: 1 });
  assertCount('breaker.openMs', options.openMs, { min: 1 });
  assertCount('breaker.probeLeaseMs', probeLeaseMs, { min: 1 });
  return { failureThreshold: options.failureThreshold, openMs: options.openMs, probeLeaseMs };
}
