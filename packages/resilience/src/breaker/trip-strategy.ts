/** When a closed breaker opens: separate from the state machine, which only knows a count of failures. */
export interface TripStrategy {
  /** The count after one more failure, and whether it is one too many. */
  countFailure(failures: number): { failures: number; trip: boolean };
  /** The count after a success. */
  countSuccess(failures: number): number;
}

/**
 * Opens after `threshold` failures in a row; one success forgets them all. What the shared breakers' Lua does too. A
 * share of the last calls would need their history in Redis, and at the few calls a second of a model it would decide later.
 */
export function tripAfterConsecutive(threshold: number): TripStrategy {
  return {
    countFailure: (failures) => ({ failures: failures + 1, trip: failures + 1 >= threshold }),
    countSuccess: () => 0,
  };
}
