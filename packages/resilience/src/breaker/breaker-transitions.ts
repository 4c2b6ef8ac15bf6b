import { FAILURE_CODES, type Failure, MAX_RETRY_AFTER_MS } from '@nightshift/domain';
import type { CheckedBreakerOptions } from './breaker-options.ts';
import { type BreakerState, CLOSED } from './breaker-state.ts';
import type { BreakerVerdict } from './breakers.ts';
import { type TripStrategy, tripAfterConsecutive } from './trip-strategy.ts';

/*
 * The state machine of a breaker, pure: every function takes a state and the time and gives the next state. The scripts in
 * packages/streams/lua make the same transitions in Redis; a test drives both with the same random sequences.
 *
 *   closed --failures reach the threshold--> open --openMs over, next caller--> half_open --probe succeeds--> closed
 *                                             ^                                    |  probe's lease over: next caller probes
 *                                             +----------- probe fails ------------+
 *
 * Results of calls that were admitted before the breaker opened say nothing new and change nothing while it is open or
 * probing: only the holder of the running probe's token decides.
 */

type HalfOpen = Extract<BreakerState, { kind: 'half_open' }>;

/** Whether a call may be made now. A probe's token is the end of its lease: no two leases of a breaker end together. */
export function admitCall(
  state: BreakerState,
  now: number,
  options: CheckedBreakerOptions,
): { state: BreakerState; verdict: BreakerVerdict } {
  switch (state.kind) {
    case 'closed':
      return { state, verdict: { kind: 'pass', probe: false } };
    case 'open': {
      const untilMs = state.openedAt + state.openMs;
      return now < untilMs ? refuse(state, untilMs - now) : admitProbe(now, options);
    }
    case 'half_open':
      return now < state.probeBy ? refuse(state, state.probeBy - now) : admitProbe(now, options);
    case 'forced':
      return state.to === 'open' ? refuse(state, options.openMs) : { state, verdict: { kind: 'pass', probe: false } };
  }
}

function refuse(state: BreakerState, retryAfterMs: number): { state: BreakerState; verdict: BreakerVerdict } {
  return { state, verdict: { kind: 'refused', retryAfterMs, state } };
}

function admitProbe(now: number, options: CheckedBreakerOptions): { state: BreakerState; verdict: BreakerVerdict } {
  const probeBy = now + options.probeLeaseMs;
  return { state: { kind: 'half_open', probeBy }, verdict: { kind: 'pass', probe: true, token: String(probeBy) } };
}

/** A call succeeded: an ordinary one clears the count, the running probe closes the breaker. */
export function recordSuccess(
  state: BreakerState,
  token: string | undefined,
  strategy: TripStrategy = FORGET_ALL,
): BreakerState {
  switch (state.kind) {
    case 'closed': {
      const failures = strategy.countSuccess(state.failures);
      return failures === state.failures ? state : { kind: 'closed', failures };
    }
    case 'half_open':
      return isRunningProbe(state, token) ? CLOSED : state;
    case 'open':
    case 'forced':
      return state;
  }
}

const FORGET_ALL = tripAfterConsecutive(1);

/** A call failed in a way that counts (`countsAsOutage`): may trip, and re-opens when the running probe failed. */
export function recordFailure(
  state: BreakerState,
  token: string | undefined,
  failure: Failure,
  now: number,
  options: CheckedBreakerOptions,
  strategy: TripStrategy = tripAfterConsecutive(options.failureThreshold),
): BreakerState {
  const open: BreakerState = { kind: 'open', openedAt: now, openMs: toOpenMs(failure, options) };
  switch (state.kind) {
    case 'closed': {
      const { failures, trip } = strategy.countFailure(state.failures);
      return trip ? open : { kind: 'closed', failures };
    }
    case 'half_open':
      return isRunningProbe(state, token) ? open : state;
    case 'open':
    case 'forced':
      return state;
  }
}

/** The running probe ended without a verdict: its lease ends now, so that the next caller probes. */
export function releaseProbe(state: BreakerState, token: string | undefined, now: number): BreakerState {
  if (state.kind !== 'half_open' || !isRunningProbe(state, token)) return state;
  return { kind: 'half_open', probeBy: Math.min(now, state.probeBy) };
}

/** An operator's decision; null undoes it and starts over with nothing counted. */
export function forceState(to: 'open' | 'closed' | null): BreakerState {
  return to === null ? CLOSED : { kind: 'forced', to };
}

/** Whether a failure speaks of an outage of what was called: a 429 never does, nor does a refused input. */
export function countsAsOutage(failure: Failure): boolean {
  return FAILURE_CODES[failure.code].tripsBreaker;
}

/** A wait the service asked for is honoured when it is longer than ours. */
export function toOpenMs(failure: Failure, options: Pick<CheckedBreakerOptions, 'openMs'>): number {
  return Math.max(options.openMs, Math.min(failure.retry_after_ms ?? 0, MAX_RETRY_AFTER_MS));
}

function isRunningProbe(state: HalfOpen, token: string | undefined): boolean {
  return token === String(state.probeBy);
}
