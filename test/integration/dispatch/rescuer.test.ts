import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRescuer } from '../../../packages/dispatch/src/index.ts';
import { createId, type TaskId, toUuid } from '../../../packages/domain/src/index.ts';
import { endWorker } from '../../../packages/store/src/index.ts';
import { createMetrics, createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createDispatchFixture, type DispatchFixture } from './dispatch-fixture.ts';

const metrics = createMetrics();
const log = createSilentLogger();
let fixture: DispatchFixture;
beforeAll(async () => {
  fixture = await createDispatchFixture();
});
afterEach(() => fixture.reset());
afterAll(() => fixture.close());

describe('the rescuer', () => {
  const rescuer = () => createRescuer({ pool: fixture.pool, log, metrics, publish: () => undefined });

  it('buries a worker whose lock was free at two looks, and not at one', async () => {
    const [dead, alive] = [await fixture.startFakeWorker(), await fixture.startFakeWorker()];
    await fixture.startFakeWorker();
    const taskId = await fixture.claimNew(dead);
    const kept = await fixture.claimNew(alive);
    const one = rescuer();
    await one.runOnce();
    await fixture.killFakeWorker(dead);
    await one.runOnce();
    expect(await fixture.stateOf(taskId)).toEqual({ status: 'running', suspicion: 0 });
    await one.runOnce();
    expect(await fixture.stateOf(taskId)).toEqual({ status: 'queued', suspicion: 1 });
    expect(await fixture.stateOf(kept)).toEqual({ status: 'running', suspicion: 0 });
  });

  it('buries a worker whose lease has passed although its lock is held', async () => {
    const frozen = await fixture.startFakeWorker(1);
    const taskId = await fixture.claimNew(frozen);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await rescuer().runOnce();
    expect(await fixture.stateOf(taskId)).toEqual({ status: 'queued', suspicion: 1 });
  });

  it('trusts leases alone when most locks vanish together', async () => {
    const workers = [await fixture.startFakeWorker(), await fixture.startFakeWorker(), await fixture.startFakeWorker()];
    const tasks: TaskId[] = [];
    for (const worker of workers) tasks.push(await fixture.claimNew(worker));
    const one = rescuer();
    for (const worker of workers.slice(0, 2)) await fixture.killFakeWorker(worker);
    for (let look = 0; look < 4; look++) await one.runOnce();
    for (const taskId of tasks) expect(await fixture.stateOf(taskId)).toMatchObject({ status: 'running' });
    await fixture.pool.query("update workers set lease_until = now() - interval '1 second' where incarnation = $1", [
      toUuid(workers[0] ?? createId('worker')),
    ]);
    await one.runOnce();
    expect(await fixture.stateOf(tasks[0] ?? createId('task'))).toMatchObject({ status: 'queued' });
    expect(await fixture.stateOf(tasks[1] ?? createId('task'))).toMatchObject({ status: 'running' });
  });

  it('buries nobody when every connection is ended at once, because they come back', async () => {
    const workers = [await fixture.startFakeWorker(), await fixture.startFakeWorker(), await fixture.startFakeWorker()];
    const taskId = await fixture.claimNew(workers[0] ?? createId('worker'));
    const one = rescuer();
    for (let round = 0; round < 3; round++) {
      await fixture.pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'presence'",
      );
      await one.runOnce();
      await one.runOnce();
      await eventually('all locks are back', async () => {
        const { rows } = await fixture.pool.query("select 1 from pg_locks where locktype = 'advisory' and granted");
        return rows.length === 3;
      });
      await one.runOnce(); // between two interruptions there is a look at which they are back
    }
    expect(await fixture.stateOf(taskId)).toEqual({ status: 'running', suspicion: 0 });
  });

  it('requeues what a worker that ended on purpose left, without suspicion', async () => {
    const stopped = await fixture.startFakeWorker();
    const taskId = await fixture.claimNew(stopped);
    await endWorker(fixture.pool, stopped);
    await rescuer().runOnce();
    expect(await fixture.stateOf(taskId)).toEqual({ status: 'queued', suspicion: 0 });
  });
});
