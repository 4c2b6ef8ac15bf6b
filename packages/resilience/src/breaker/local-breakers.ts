import type { BreakerOptions } from './breaker-options.ts';
import { type BreakerState, CLOSED } from './breaker-state.ts';
import type { Breakers } from './breakers.ts';
import { createLocalBreaker, type LocalBreaker } from './local-breaker.ts';

/** What a breaker gets that is told a result or forced before anybody has called through it. */
const UNCONFIGURED: BreakerOptions = Object.freeze({ failureThreshold: 5, openMs: 60_000 });

/** Breakers of this process alone: for tests, for one-process set-ups, and while Redis is away. */
export interface LocalBreakers extends Breakers {
  /** Takes over the state the fleet's breaker was last seen in, in times of this process's clock, and its options. */
  adopt(key: string, state: BreakerState, options: BreakerOptions): void;
}

export function createLocalBreakers(deps: { now: () => number }): LocalBreakers {
  const breakers = new Map<string, LocalBreaker>();

  function open(key: string): LocalBreaker {
    const known = breakers.get(key);
    if (known) return known;
    const created = createLocalBreaker(deps, UNCONFIGURED);
    breakers.set(key, created);
    return created;
  }

  return {
    async before(key, options) {
      const breaker = open(key);
      breaker.configure(options);
      return breaker.before();
    },
    succeeded: async (key, token) => open(key).succeeded(token),
    failed: async (key, failure, token) => open(key).failed(failure, token),
    released: async (key, token) => open(key).released(token),
    state: async (key) => breakers.get(key)?.state() ?? CLOSED,
    list: async () => [...breakers].map(([key, breaker]) => ({ key, state: breaker.state() })),
    force: async (key, to) => open(key).force(to),
    adopt(key, state, options) {
      const breaker = open(key);
      breaker.configure(options);
      breaker.adopt(state);
    },
  };
}
