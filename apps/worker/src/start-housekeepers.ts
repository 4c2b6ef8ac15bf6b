import {
  createDispatcher,
  createExpirer,
  createOfferer,
  createQueueGauge,
  createRescuer,
  createWaker,
  startHousekeeping,
  startLeadership,
} from '@nightshift/dispatch';
import type { Incarnation } from '@nightshift/domain';
import type { WorkerContext } from './context.ts';
import { createCleaners } from './create-cleaners.ts';

/** Does the housekeeping of the fleet whenever this worker is the one elected for it. */
export function startHousekeepers(context: WorkerContext, incarnation: Incarnation): { stop(): Promise<void> } {
  const { pool, leasePool, queue, publisher, log, metrics } = context;
  const leadership = startLeadership({ pool: leasePool, incarnation, log });
  const housekeeping = startHousekeeping({
    housekeepers: [
      createDispatcher({ pool, queue, offerer: createOfferer({ pool, random: Math.random }) }),
      createRescuer({ pool: leasePool, log, metrics, publish: (rows) => publisher.publish(rows) }),
      createWaker({ pool }),
      createExpirer({ pool, publish: (rows) => publisher.publish(rows) }),
      createQueueGauge({ pool, queue, metrics }),
      ...createCleaners(context),
    ],
    leads: leadership.leads,
    log,
  });
  return {
    async stop() {
      await Promise.all([leadership.stop(), housekeeping.stop()]);
    },
  };
}
