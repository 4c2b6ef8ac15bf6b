import type { Incarnation } from '@nightshift/domain';
import { renewLease } from '@nightshift/store';
import { createOwnershipCheck, type OwnershipDeps } from './check-ownership.ts';

/** We stop this long before the others may take over. */
const MARGIN_SHARE = 0.1;
const RENEWALS_PER_LEASE = 3;
const RETRY_SHARE = 0.05;

export interface Lease {
  stop(): void;
}

/**
 * Keeps the lease of this incarnation. Time is counted on the monotonic clock from when a renewal was sent: if none is
 * answered in time, `onLost` is called before anybody else can take over (I6). Each renewal returns what the database
 * thinks we run: tasks we do not know of (a claim whose reply was lost) are handed back, cancels are passed on.
 */
export function keepLease(
  deps: OwnershipDeps & {
    readonly incarnation: Incarnation;
    readonly leaseMs: number;
    /** `performance.now()` from before the worker was registered: the first lease may be as old as that. */
    readonly registeredAt: number;
    onLost(why: string): void;
  },
): Lease {
  const { pool, incarnation, leaseMs } = deps;
  const checkOwned = createOwnershipCheck(deps);
  let stopped = false;
  /** When the newest renewal that was answered had been sent. */
  let renewedAt = deps.registeredAt;
  let deadline = armDeadline(renewedAt);
  let retry: NodeJS.Timeout | undefined;
  const timer = setInterval(() => void renew(), leaseMs / RENEWALS_PER_LEASE);

  function armDeadline(sentAt: number): NodeJS.Timeout {
    const localMs = leaseMs * (1 - MARGIN_SHARE) - (performance.now() - sentAt);
    return setTimeout(() => lose('the lease was not renewed in time'), Math.max(0, localMs));
  }

  function lose(why: string): void {
    if (stopped) return;
    stop();
    deps.onLost(why);
  }

  function stop(): void {
    stopped = true;
    clearInterval(timer);
    clearTimeout(deadline);
    clearTimeout(retry);
  }

  async function renew(): Promise<void> {
    const sentAt = performance.now();
    try {
      const owned = await renewLease(pool, incarnation, leaseMs);
      if (stopped) return;
      if (!owned) {
        lose('this worker was declared dead');
        return;
      }
      if (sentAt < renewedAt) return; // a later one was answered before this one, which hung: it knows better
      renewedAt = sentAt;
      clearTimeout(deadline);
      deadline = armDeadline(sentAt);
      await checkOwned(owned);
    } catch (error) {
      if (stopped) return;
      deps.log.warn({ error: String(error) }, 'lease not renewed; trying again');
      // Soon: two short interruptions a renewal apart must not cost a healthy worker its lease.
      clearTimeout(retry);
      retry = setTimeout(() => void renew(), leaseMs * RETRY_SHARE);
    }
  }

  return { stop };
}
