import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Claim, createClaimBatcher } from '../../../apps/worker/src/claim-batcher.ts';
import { createId, type Incarnation, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { claimTasks, tryClaimTasks } from '../../../packages/store/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { insertQueuedTask } from '../../support/insert-queued-task.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';

let fixture: DispatchFixture;
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.close());

/** Holds the head of a task as a flush or a housekeeper does, for as long as the test says. */
async function holdHead(taskId: TaskId): Promise<{ free(): Promise<void> }> {
  const client = await fixture.pool.connect();
  await client.query('begin');
  await client.query('select 1 from task_heads where task_id = $1 for no key update', [toUuid(taskId)]);
  return {
    async free() {
      await client.query('commit');
      client.release();
    },
  };
}

const batcherOf = (incarnation: Incarnation) =>
  createClaimBatcher({ pool: fixture.pool, incarnation, workerName: 'test' });

describe('tryClaimTasks', () => {
  it('tells a queued task whose head is held from one of somebody else and from one that does not exist', async () => {
    const incarnation = await fixture.startFakeWorker();
    const running = await fixture.claimNew(incarnation);
    const { taskId: busy } = await insertQueuedTask(fixture.pool);
    const { taskId: free } = await insertQueuedTask(fixture.pool);
    const head = await holdHead(busy);
    const taskIds = [running, busy, free, createId('task')];
    const answer = await tryClaimTasks(fixture.pool, { taskIds, incarnation, workerName: 'test' });
    await head.free();
    expect(answer.busy).toEqual([busy]);
    expect(answer.claimed.map((task) => task.taskId)).toEqual([free]);
  });
});

describe('a claim', () => {
  it('gets a task whose head was held as soon as the head is free, and holds up no other claim meanwhile', async () => {
    const claims = batcherOf(await fixture.startFakeWorker());
    const { taskId: busy } = await insertQueuedTask(fixture.pool);
    const { taskId: free } = await insertQueuedTask(fixture.pool);
    const head = await holdHead(busy);
    let got: Claim;
    const waiting = claims.claim(busy).then((task) => {
      got = task;
    });
    expect(await claims.claim(free)).toMatchObject({ taskId: free, epoch: 1 });
    expect(got).toBeUndefined();
    expect(claims.isClaiming(busy)).toBe(true);
    await head.free();
    const freedAt = performance.now();
    await waiting;
    expect(got).toMatchObject({ taskId: busy, epoch: 1 });
    expect(performance.now() - freedAt).toBeLessThan(1_500);
    await eventually('the claim is over', () => !claims.isClaiming(busy));
  });

  it('of a task that somebody else gets meanwhile is answered with nothing', async () => {
    const claims = batcherOf(await fixture.startFakeWorker());
    const other = await fixture.startFakeWorker();
    const { taskId } = await insertQueuedTask(fixture.pool);
    const head = await holdHead(taskId);
    const asked = [claims.claim(taskId), claims.claim(taskId)];
    await eventually('the claim has met the held head', () => claims.isClaiming(taskId));
    await head.free();
    const others = claimTasks(fixture.pool, { taskIds: [taskId], incarnation: other, workerName: 'other' });
    const winners = [...(await Promise.all(asked)), ...(await others)].filter((task) => task !== undefined);
    expect(winners).toHaveLength(1);
  });

  it('gives up after some seconds when the head stays held', async () => {
    const claims = batcherOf(await fixture.startFakeWorker());
    const { taskId } = await insertQueuedTask(fixture.pool);
    const head = await holdHead(taskId);
    expect(await claims.claim(taskId)).toBeUndefined();
    await head.free();
    await eventually('the claim is over', () => !claims.isClaiming(taskId));
  });
});
