import { InvariantError } from '@nightshift/domain';
import { type BreakerState, CLOSED } from '@nightshift/resilience';

/** Fields of a breaker's hash, in the order in which every script returns them. */
export const BREAKER_FIELDS = ['kind', 'failures', 'opened_at', 'open_ms', 'probe_by', 'forced_to'] as const;

/** Turns what Redis answered for BREAKER_FIELDS into a state; a breaker that does not exist is closed. */
export function toBreakerState(reply: unknown): BreakerState {
  if (!Array.isArray(reply)) throw new InvariantError(`a breaker's fields are a list, got ${JSON.stringify(reply)}`);
  const [kind, failures, openedAt, openMs, probeBy, forcedTo] = reply;
  switch (kind) {
    case null:
      return CLOSED;
    case 'closed':
      return { kind, failures: Number(failures) };
    case 'open':
      return { kind, openedAt: Number(openedAt), openMs: Number(openMs) };
    case 'half_open':
      return { kind, probeBy: Number(probeBy) };
    case 'forced':
      return { kind, to: forcedTo === 'open' ? 'open' : 'closed' };
    default:
      throw new InvariantError(`a breaker in Redis is in an unknown state: ${JSON.stringify(reply)}`);
  }
}

/** The same state in times of another clock that is `byMs` ahead. */
export function shiftBreakerState(state: BreakerState, byMs: number): BreakerState {
  switch (state.kind) {
    case 'open':
      return { ...state, openedAt: state.openedAt + byMs };
    case 'half_open':
      return { ...state, probeBy: state.probeBy + byMs };
    case 'closed':
    case 'forced':
      return state;
  }
}
