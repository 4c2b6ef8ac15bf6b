import type { Fault } from './lab/run-batch-under-fault.ts';
import type { Lab } from './lab/start-lab.ts';

const wait = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/** What may happen to processes of ours; the supervisor of the lab starts those that end. */
export const PROCESS_FAULTS: readonly Fault[] = [
  {
    ids: 'F39',
    name: 'kill -9 of a worker, then of the other',
    inSample: true,
    async inject(lab) {
      for (const worker of workersOf(lab)) {
        lab.fleet.kill(worker);
        await wait(1_200);
      }
    },
  },
  {
    ids: 'F40',
    name: 'a worker stopped for three leases, then let go on',
    inSample: true,
    async inject(lab) {
      const [zombie] = workersOf(lab);
      if (!zombie) throw new Error('no worker');
      lab.fleet.freeze(zombie);
      await wait(3 * lab.leaseMs);
      lab.fleet.thaw(zombie);
    },
  },
  {
    ids: 'F01 F02',
    name: 'kill -9 of every API process while batches are submitted',
    async inject(lab, batch) {
      const apis = lab.fleet.members.filter((member) => member.kind === 'api');
      const submits = Array.from({ length: 6 }, (_, index) =>
        batch.client.request<{ id: string }>('POST', '/v1/tasks', {
          body: { agent: 'lab', input: { prompt: `LAB F01-${index >> 1} []` } },
          headers: { 'idempotency-key': `killed-${batch.id}-${index >> 1}` },
          signal: AbortSignal.timeout(30_000),
        }),
      );
      for (const api of apis) {
        lab.fleet.kill(api);
        await wait(150);
      }
      const ids = (await Promise.all(submits)).map((answer) => answer.body.id);
      if (new Set(ids).size !== 3) throw new Error(`three keys made ${new Set(ids).size} tasks`);
    },
  },
  {
    ids: 'F07',
    name: 'API and workers that start while Redis is away',
    async inject(lab) {
      await lab.redis.kill();
      for (const member of lab.fleet.members) lab.fleet.kill(member);
      await wait(1_000);
      await lab.fleet.allReady();
      await wait(1_000);
    },
  },
];

function workersOf(lab: Lab) {
  return lab.fleet.members.filter((member) => member.kind === 'worker');
}
