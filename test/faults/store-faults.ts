import type { FaultAction } from '../../packages/local/src/s3/fault-script.ts';
import type { Fault } from './lab/run-batch-under-fault.ts';
import type { Lab } from './lab/start-lab.ts';

const wait = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/** What may happen to S3 while tools upload. */
export const STORE_FAULTS: readonly Fault[] = [
  {
    ids: 'F75',
    name: 'S3 that answers 500 and 503, and is slow',
    inject: (lab) =>
      failUploads(lab, [
        { kind: 'error', status: 500, code: 'InternalError' },
        { kind: 'error', status: 503, code: 'SlowDown' },
        { kind: 'delay', delayMs: 800 },
      ]),
  },
  {
    ids: 'F75 F77',
    name: 'uploads to S3 that are cut',
    inject: (lab) =>
      failUploads(lab, [
        { kind: 'cut_request', afterBytes: 100 },
        { kind: 'cut_request', afterBytes: 10_000 },
      ]),
  },
  {
    ids: 'F78',
    name: 'S3 that stores and whose answer is lost',
    inSample: true,
    inject: (lab) =>
      failUploads(lab, [{ kind: 'drop_reply' }, { kind: 'drop_reply' }, { kind: 'cut_response', afterBytes: 5 }]),
  },
  {
    ids: 'F75',
    name: 'S3 unreachable for two seconds',
    async inject(lab) {
      lab.between.s3.refuse();
      lab.between.s3.cut();
      await wait(2_000);
    },
  },
];

/** The music and the speech of the batch are uploaded while these last. */
async function failUploads(lab: Lab, actions: readonly FaultAction[]): Promise<void> {
  for (const method of ['PUT', 'POST']) {
    for (const action of actions) lab.s3.faults.add({ match: { method }, action });
  }
  const deadline = performance.now() + 4_000;
  const expected = actions.length * 2;
  while (lab.s3.faults.pendingCount > 0 && performance.now() < deadline) await wait(50);
  if (lab.s3.faults.pendingCount === expected) throw new Error('no upload met a fault');
}
