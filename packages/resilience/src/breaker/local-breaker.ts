import type { Failure } from '@nightshift/domain';
import { type BreakerOptions, checkBreakerOptions } from './breaker-options.ts';
import { type BreakerState, CLOSED } from './breaker-state.ts';
import {
  admitCall,
  countsAsOutage,
  forceState,
  recordFailure,
  recordSuccess,
  releaseProbe,
} from './breaker-transitions.ts';
import type { BreakerReport, BreakerVerdict } from './breakers.ts';

/** One breaker in this process. */
export interface LocalBreaker {
  before(): BreakerVerdict;
  succeeded(token?: string | undefined): BreakerReport;
  failed(failure: Failure, token?: string | undefined): BreakerReport;
  released(token?: string | undefined): BreakerReport;
  state(): BreakerState;
  force(to: 'open' | 'closed' | null): BreakerState;
  /** Takes over a state known from elsewhere (the fleet's, when Redis goes away). */
  adopt(state: BreakerState): void;
  /** Takes over other options for what comes next. */
  configure(options: BreakerOptions): void;
}

/** Throws a RangeError naming the field when an option is out of range. */
export function createLocalBreaker(deps: { now: () => number }, initial: BreakerOptions): LocalBreaker {
  let options = checkBreakerOptions(initial);
  let state: BreakerState = CLOSED;

  function moveTo(next: BreakerState): BreakerReport {
    const before = state;
    state = next;
    return {
      state,
      opened: next.kind === 'open' && before.kind !== 'open',
      closed: next.kind === 'closed' && before.kind === 'half_open',
    };
  }

  return {
    before() {
      const admitted = admitCall(state, deps.now(), options);
      state = admitted.state;
      return admitted.verdict;
    },
    succeeded: (token) => moveTo(recordSuccess(state, token)),
    failed: (failure, token) =>
      countsAsOutage(failure)
        ? moveTo(recordFailure(state, token, failure, deps.now(), options))
        : moveTo(releaseProbe(state, token, deps.now())),
    released: (token) => moveTo(releaseProbe(state, token, deps.now())),
    state: () => state,
    force(to) {
      state = forceState(to);
      return state;
    },
    adopt(known) {
      state = known;
    },
    configure(changed) {
      options = checkBreakerOptions(changed);
    },
  };
}
