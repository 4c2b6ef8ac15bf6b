import { afterEach, describe, expect, it } from 'vitest';
import { type TaskId, toUuid } from '../../packages/domain/src/index.ts';
import { eventually } from '../support/eventually.ts';
import { isGone, startWard, type Ward } from '../support/poison-ward.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** A suspect that a child runs, in the middle of a tool. The pid is the child's, as its tool wrote it down. */
function startSuspect(...calls: string[]) {
  return startSuspectWith({}, ...calls);
}

async function startSuspectWith(
  env: Record<string, string>,
  ...calls: string[]
): Promise<{ ward: Ward; taskId: string; child: number }> {
  const ward = await startWard({ workers: 0 });
  cleanups.push(() => ward.close());
  const { id } = await ward.system.api.submit({ prompt: calls.join(' ') }, { agent: 'poison' });
  await ward.system.pool.query('update tasks set isolated = true, suspicion = 1, deaths = 1 where id = $1', [
    toUuid(id as TaskId),
  ]);
  await ward.system.startWorker('parent', env);
  const child = await eventually('the tool runs', () => ward.readCalls()[0]?.pid);
  expect(child).not.toBe(ward.system.workers[0]?.pid);
  return { ward, taskId: id, child };
}

async function recordOf({ system }: Ward, taskId: string) {
  const { rows } = await system.pool.query(
    'select attempts, suspicion, guilt, deaths, isolated from tasks where id = $1',
    [toUuid(taskId as TaskId)],
  );
  return rows[0] as object;
}

describe.skipIf(process.platform !== 'linux')('a suspect in a child', () => {
  it('is cancelled like any other task, and its child ends', async () => {
    const { ward, taskId, child } = await startSuspect('behave:60000');
    await ward.system.api.json('POST', `/v1/tasks/${taskId}/cancel`, {});
    const task = await ward.system.api.waitFor(taskId, undefined, 5_000);
    expect(task.status).toBe('cancelled');
    await eventually('the child is gone', () => isGone(child));
  });

  it('is handed back when its parent is told to stop: no attempt, no guilt, and both processes end', async () => {
    const { ward, taskId, child } = await startSuspect('behave:1500', 'behave:0');
    const [parent] = ward.system.workers;
    parent?.kill('SIGTERM');
    await parent?.exited;
    expect(isGone(child)).toBe(true);
    expect(await recordOf(ward, taskId)).toMatchObject({ attempts: 0, guilt: 0, deaths: 1 });
    await ward.system.startWorker('successor');
    expect(await ward.system.api.waitFor(taskId)).toMatchObject({ status: 'completed' });
    expect(await recordOf(ward, taskId)).toMatchObject({ suspicion: 0, guilt: 0, deaths: 1, isolated: false });
  });

  it('is killed when it outlasts the grace of its parent, which says before it goes that nobody is to blame', async () => {
    const env = { NIGHTSHIFT_GRACE_MS: '0', NIGHTSHIFT_LEASE_MS: '60000' };
    const { ward, taskId, child } = await startSuspectWith(env, 'block:60000');
    const [parent] = ward.system.workers;
    parent?.kill('SIGTERM');
    await parent?.exited;
    expect(isGone(child)).toBe(true);
    const { rows } = await ward.system.pool.query('select status from workers where parent is not null');
    expect(rows).toEqual([{ status: 'stopped' }]);
    expect(await recordOf(ward, taskId)).toMatchObject({ attempts: 0, suspicion: 1, guilt: 0, deaths: 1 });
  });

  it('dies with its parent, and is not guilty of that', async () => {
    const { ward, taskId, child } = await startSuspect('behave:2000', 'behave:0');
    ward.system.workers[0]?.kill('SIGKILL');
    await eventually('the child is gone', () => isGone(child), 2_000);
    await ward.system.startWorker('successor');
    expect(await ward.system.api.waitFor(taskId)).toMatchObject({ status: 'completed' });
    expect(await recordOf(ward, taskId)).toMatchObject({ guilt: 0, deaths: 2 });
  });

  it('that was replayed after it was condemned runs alone from the start', async () => {
    const { ward, taskId } = await startSuspect('kill_self:0');
    expect(await ward.system.api.waitFor(taskId)).toMatchObject({ status: 'failed', failure: { code: 'poison' } });
    expect(ward.readCalls()).toHaveLength(2);
    const { data } = await ward.system.api.json<{ data: { id: string; reason: string; history: object[] }[] }>(
      'GET',
      '/v1/dead-letters',
    );
    expect(data).toMatchObject([{ reason: 'poison' }]);
    const { history } = await ward.system.api.json<{ history: object[] }>('GET', `/v1/dead-letters/${data[0]?.id}`);
    expect(history.slice(0, 2)).toMatchObject([
      { death: { alone: true, signal: 'SIGKILL' } },
      { death: { alone: true, signal: 'SIGKILL' } },
    ]);
    await ward.system.api.json('POST', `/v1/dead-letters/${data[0]?.id}/replay`, {});
    await eventually('it runs again', () => ward.readCalls().length >= 3);
    await ward.system.api.waitFor(taskId);
    const parent = ward.system.workers[0]?.pid ?? 0;
    expect(isGone(parent)).toBe(false);
    expect(ward.readCalls().map((call) => call.pid)).not.toContain(parent);
    expect(new Set(ward.readCalls().map((call) => call.pid)).size).toBe(4);
  });
});
