/**
 * Where a breaker is. A union whose members carry only what that state needs; times are milliseconds since 1970 of the
 * clock that drives the breaker (Redis's for shared ones).
 *
 * closed: calls pass; `failures` in a row so far. open: calls are refused until openedAt + openMs. half_open: one probe is
 * on its way; until `probeBy` everybody else is refused, after it somebody else may probe. forced: an operator decided,
 * and only an operator undoes it.
 */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly openedAt: number; readonly openMs: number }
  | { readonly kind: 'half_open'; readonly probeBy: number }
  | { readonly kind: 'forced'; readonly to: 'open' | 'closed' };

export const CLOSED: BreakerState = Object.freeze({ kind: 'closed', failures: 0 });

/** What the metric `breaker_state` shows: 0 closed, 1 half-open, 2 open. */
export function toBreakerLevel(state: BreakerState): 0 | 1 | 2 {
  switch (state.kind) {
    case 'closed':
      return 0;
    case 'half_open':
      return 1;
    case 'open':
      return 2;
    case 'forced':
      return state.to === 'open' ? 2 : 0;
  }
}
