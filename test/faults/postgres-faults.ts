import type { Fault } from './lab/run-batch-under-fault.ts';

const wait = (forMs: number) => new Promise((resolve) => setTimeout(resolve, forMs));

/** What may happen to the one thing that must not lose anything, and on the way to it. */
export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    ids: 'F08',
    name: 'every connection to Postgres terminated, three times',
    inSample: true,
    async inject(lab) {
      for (let i = 0; i < 3; i++) {
        await lab.postgres.terminateBackends();
        await wait(500);
      }
    },
  },
  {
    ids: 'F09',
    name: 'Postgres restarted at once, with crash recovery',
    inSample: true,
    inject: (lab) => lab.postgres.restartImmediately(),
  },
  {
    ids: 'F03',
    name: 'replies of Postgres lost after it had committed',
    inSample: true,
    async inject(lab, batch) {
      const lost = ['flush-tasks', 'claim-tasks', 'renew-lease', 'flush-tasks'].map(async (statement) => {
        await lab.between.postgres.swallowReplyTo(statement);
      });
      // A batch that is submitted meanwhile: its commit is not answered either, and its key finds it again.
      const swallowed = lab.between.postgres.swallowReplyTo('insert-batch');
      const body = { agent: 'lab', requests: [{ custom_id: 'one', input: { prompt: 'LAB F03 []' } }] };
      const answers = await Promise.all(
        [1, 2].map(() =>
          batch.client.request<{ id: string }>('POST', '/v1/batches', {
            body,
            headers: { 'idempotency-key': `lost-${batch.id}` },
            signal: AbortSignal.timeout(30_000),
          }),
        ),
      );
      await swallowed;
      if (new Set(answers.map((answer) => answer.body.id)).size !== 1) throw new Error('one key made two batches');
      await Promise.race([Promise.all(lost), wait(3_000)]);
    },
  },
  {
    ids: 'F10',
    name: 'no connection to Postgres to be had',
    inSample: true,
    async inject(lab, batch) {
      await lab.postgres.terminateBackends('nightshift api%');
      const giveBack = await lab.postgres.exhaustConnections();
      lab.between.postgres.cut();
      const answer = await batch.client.ask('GET', `/v1/tasks/${batch.taskIds[0]}`);
      await giveBack();
      if (!answer || answer.tookMs > 15_000) throw new Error(`answered after ${answer?.tookMs} ms`);
      if (answer.status !== 200 && answer.status !== 503) throw new Error(`answered ${answer.status}`);
    },
  },
  {
    ids: 'F11',
    name: 'answers of Postgres that come after everybody stopped waiting',
    async inject(lab) {
      lab.between.postgres.blackHole({ up: false, down: true });
      await wait(4_000);
    },
  },
  {
    ids: 'F16',
    name: 'Postgres 100 ms away in each direction',
    async inject(lab) {
      lab.between.postgres.delay(100);
      await wait(3_000);
    },
  },
  {
    ids: 'F16',
    name: 'two spikes of 1.5 s on the way to Postgres',
    async inject(lab) {
      for (let i = 0; i < 2; i++) {
        lab.between.postgres.delay(1_500);
        await wait(200);
        lab.between.postgres.delay(0);
        await wait(2_000);
      }
    },
  },
  {
    ids: 'F13',
    name: 'heads of tasks locked by somebody who does not let go',
    async inject(lab) {
      const release = await lab.postgres.lockRows('select task_id from task_heads order by task_id for update');
      await wait(3_000);
      await release();
    },
  },
  {
    ids: 'F16',
    name: 'a line to Postgres of 200 KB/s',
    async inject(lab) {
      lab.between.postgres.throttle(200_000);
      await wait(3_000);
    },
  },
];
