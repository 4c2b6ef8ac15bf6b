import {
  type BreakerOptions,
  type BreakerState,
  type CheckedBreakerOptions,
  checkBreakerOptions,
  createLocalBreakers,
  type LocalBreakers,
  toBreakerLevel,
} from '@nightshift/resilience';
import type { Metrics } from '@nightshift/telemetry';
import { shiftBreakerState } from './breaker-fields.ts';
import type { BreakerChange } from './breaker-scripts.ts';

/** What this process knows of the fleet's breakers: their options, and the state each was last seen in. */
export interface BreakerMirror {
  /** The breakers of this process: they go on from the last seen state while Redis is away. */
  readonly local: LocalBreakers;
  /** Checks and remembers the options of a key. */
  configure(key: string, options: BreakerOptions): CheckedBreakerOptions;
  optionsOf(key: string): CheckedBreakerOptions;
  /** Takes over a state seen in Redis, from Redis's clock to this process's. */
  observe(key: string, seen: Pick<BreakerChange, 'nowMs' | 'state'>): void;
  /** Shows a state in the metrics. */
  show(key: string, state: BreakerState): void;
}

/** What a breaker gets whose result this process reports without having asked first. */
const UNCONFIGURED: CheckedBreakerOptions = checkBreakerOptions({ failureThreshold: 5, openMs: 60_000 });

export function createBreakerMirror(deps: {
  metrics: Pick<Metrics, 'breakerState'>;
  now: () => number;
}): BreakerMirror {
  const local = createLocalBreakers({ now: deps.now });
  const options = new Map<string, CheckedBreakerOptions>();
  const optionsOf = (key: string) => options.get(key) ?? UNCONFIGURED;
  const show = (key: string, state: BreakerState) => deps.metrics.breakerState.set({ key }, toBreakerLevel(state));
  return {
    local,
    optionsOf,
    show,
    configure(key, given) {
      const checked = checkBreakerOptions(given);
      options.set(key, checked);
      return checked;
    },
    observe(key, { nowMs, state }) {
      local.adopt(key, shiftBreakerState(state, deps.now() - nowMs), optionsOf(key));
      show(key, state);
    },
  };
}
