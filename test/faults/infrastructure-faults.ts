import type { Fault } from './lab/run-batch-under-fault.ts';
import { MODEL_FAULTS } from './model-faults.ts';
import { POSTGRES_FAULTS } from './postgres-faults.ts';
import { PROCESS_FAULTS } from './process-faults.ts';
import { REDIS_FAULTS } from './redis-faults.ts';
import { STORE_FAULTS } from './store-faults.ts';

/** What may happen to everything around us, and to our processes. */
export const INFRASTRUCTURE_FAULTS: readonly Fault[] = [
  ...REDIS_FAULTS,
  ...POSTGRES_FAULTS,
  ...MODEL_FAULTS,
  ...STORE_FAULTS,
  ...PROCESS_FAULTS,
];
