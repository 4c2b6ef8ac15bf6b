import type { Failure } from '@nightshift/domain';
import type { BreakerOptions } from './breaker-options.ts';
import type { BreakerState } from './breaker-state.ts';

/** Whether a call may be made. `token` is present for a probe and is handed back with its result. */
export type BreakerVerdict =
  | { kind: 'pass'; probe: boolean; token?: string }
  | { kind: 'refused'; retryAfterMs: number; state: BreakerState };

/** What the result of a call did to the breaker. */
export interface BreakerReport {
  state: BreakerState;
  /** This very report opened it: exactly one caller is told, so that one event is emitted. */
  opened: boolean;
  /** This very report closed it. */
  closed: boolean;
}

/**
 * Breakers by key, of one process (`createLocalBreakers`) or of the whole fleet (`createSharedBreakers` of
 * @nightshift/streams). Every `before` that passes is followed by exactly one of succeeded, failed, released.
 * None of these rejects because Redis is away, except `force`.
 */
export interface Breakers {
  before(key: string, options: BreakerOptions): Promise<BreakerVerdict>;
  succeeded(key: string, token?: string | undefined): Promise<BreakerReport>;
  /**
   * Only failures whose code says `tripsBreaker` count; any other (a 429, a refused input) says nothing about an outage
   * and only hands the probe on.
   */
  failed(key: string, failure: Failure, token?: string | undefined): Promise<BreakerReport>;
  /** The call ended without saying anything about the service (cancelled, lease lost): the next caller may probe. */
  released(key: string, token?: string | undefined): Promise<BreakerReport>;
  state(key: string): Promise<BreakerState>;
  list(): Promise<{ key: string; state: BreakerState }[]>;
  /** An operator's decision; null goes back to closed with nothing counted. */
  force(key: string, to: 'open' | 'closed' | null): Promise<BreakerState>;
}
