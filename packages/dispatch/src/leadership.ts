import type { Incarnation } from '@nightshift/domain';
import { type Pool, takeLeadership } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';

/** A frozen leader is replaced after this; a dead one as soon as somebody asks. */
const LEASE_MS = 5_000;
const INTERVAL_MS = 500;
/** We stop leading this long before the lease ends. */
const MARGIN_MS = 500;

export interface Leadership {
  /** Whether this process may do the housekeeping now. Two leaders for a moment do no harm, only work twice. */
  leads(): boolean;
  stop(): void;
}

export function startLeadership(deps: { pool: Pool; incarnation: Incarnation; log: Logger }): Leadership {
  let leadsUntil = 0;
  let asking = false;

  async function ask(): Promise<void> {
    const sentAt = performance.now();
    const led = leadsUntil > sentAt;
    const leads = await takeLeadership(deps.pool, deps.incarnation, LEASE_MS);
    leadsUntil = leads ? sentAt + LEASE_MS - MARGIN_MS : 0;
    if (leads && !led) deps.log.info('this worker does the housekeeping now');
  }

  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    ask()
      .catch((error: unknown) => deps.log.debug({ error: String(error) }, 'leadership not asked for'))
      .finally(() => {
        asking = false;
      });
  }, INTERVAL_MS);

  return { leads: () => performance.now() < leadsUntil, stop: () => clearInterval(timer) };
}
