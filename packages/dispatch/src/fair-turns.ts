/**
 * Weighted fair queueing in its simplest form, since every task costs one turn: a turn of a key takes 1/weight of virtual
 * time, and whoever begins earliest is next. Over any stretch, keys that always have work get turns in proportion to
 * their weights, to within a turn or two; a key that had none for a while has saved nothing up.
 */
export interface FairTurns {
  /** When the next turn of the key begins; the first time it is asked for it gets a place within one turn from now. */
  startOf(key: string, weight: number): number;
  /** The key takes its turn. Returns when its next one begins. */
  take(key: string, weight: number): number;
  /** Forgets keys that are of no importance any more; those in `keep` stay. */
  prune(keep: ReadonlySet<string>): void;
}

/** `random` places newcomers, so that several that start at once do not all begin with the same key. */
export function createFairTurns(random: () => number): FairTurns {
  const starts = new Map<string, number>();
  let now = 0;

  function startOf(key: string, weight: number): number {
    const known = starts.get(key);
    if (known !== undefined && known >= now) return known;
    const start = now + random() / weight;
    starts.set(key, start);
    return start;
  }

  return {
    startOf,
    take(key, weight) {
      const start = startOf(key, weight);
      now = Math.max(now, start);
      const next = start + 1 / weight;
      starts.set(key, next);
      return next;
    },
    prune(keep) {
      for (const [key, start] of starts) if (start <= now && !keep.has(key)) starts.delete(key);
    },
  };
}
