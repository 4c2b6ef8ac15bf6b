import type { Incarnation } from '@nightshift/domain';
import { type Pool, resignLeadership, takeLeadership } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';

/** A frozen leader is replaced after this; a dead one as soon as somebody asks. */
const LEASE_MS = 5_000;
const INTERVAL_MS = 250;
/** We stop leading this long before the lease ends. */
const MARGIN_MS = 500;

export interface Leadership {
  /** Whether this process may do the housekeeping now. Two leaders for a moment do no harm, only work twice. */
  leads(): boolean;
  /** Stops leading and lets others lead at once: a stop may take as long as the steps of its tasks. */
  stop(): Promise<void>;
}

export function startLeadership(deps: { pool: Pool; incarnation: Incarnation; log: Logger }): Leadership {
  let leadsUntil = 0;
  let asking: Promise<void> | undefined;
  let isStopped = false;

  async function ask(): Promise<void> {
    const sentAt = performance.now();
    const led = leadsUntil > sentAt;
    const leads = await takeLeadership(deps.pool, deps.incarnation, LEASE_MS);
    leadsUntil = leads && !isStopped ? sentAt + LEASE_MS - MARGIN_MS : 0;
    if (leads && !led) deps.log.info('this worker does the housekeeping now');
  }

  function askOnce(): void {
    asking ??= ask()
      .catch((error: unknown) => deps.log.debug({ error: String(error) }, 'leadership not asked for'))
      .finally(() => {
        asking = undefined;
      });
  }

  askOnce();
  const timer = setInterval(askOnce, INTERVAL_MS);
  return {
    leads: () => performance.now() < leadsUntil,
    async stop() {
      isStopped = true;
      leadsUntil = 0;
      clearInterval(timer);
      await asking;
      await resignLeadership(deps.pool, deps.incarnation).catch((error: unknown) =>
        deps.log.debug({ error: String(error) }, 'not resigned; the lease ends by itself'),
      );
    },
  };
}
