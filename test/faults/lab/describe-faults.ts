import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseSeed } from '../../support/seeded-random.ts';
import { type Fault, runBatchUnderFault } from './run-batch-under-fault.ts';
import { type Lab, type LabOptions, startLab } from './start-lab.ts';

/** One test for each fault, all in one lab: a batch of twelve tasks runs while the fault happens. */
export function describeFaults(title: string, faults: readonly Fault[], options: Omit<LabOptions, 'seed'> = {}): void {
  describe(title, () => {
    const seed = chooseSeed();
    let lab: Lab;
    beforeAll(async () => {
      lab = await startLab({ ...options, seed });
    }, 120_000);
    afterAll(async () => {
      await lab?.stop();
    });

    for (const fault of faults) {
      it(`${fault.ids} · ${fault.name}`, async () => {
        const outcome = await runBatchUnderFault(lab, fault, seed);
        expect(outcome.violations).toEqual([]);
        expect(outcome.statuses).toEqual({ completed: outcome.tasks });
      }, 120_000);
    }
  });
}
