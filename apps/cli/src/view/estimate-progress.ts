/** How far a batch was, at one moment. */
export interface ProgressSample {
  readonly atMs: number;
  readonly final: number;
}

export interface ProgressEstimate {
  /** Tasks that end in a minute; undefined before the first one ended. */
  readonly perMinute: number | undefined;
  readonly remainingMs: number | undefined;
}

/**
 * Rate and remaining time from where the watching began: what had ended before says nothing about the speed now.
 */
export function estimateProgress(first: ProgressSample, now: ProgressSample, total: number): ProgressEstimate {
  const ended = now.final - first.final;
  const elapsedMs = now.atMs - first.atMs;
  if (ended <= 0 || elapsedMs <= 0) return { perMinute: undefined, remainingMs: undefined };
  return { perMinute: (ended / elapsedMs) * 60_000, remainingMs: ((total - now.final) * elapsedMs) / ended };
}
