import { afterEach, describe, expect, it } from 'vitest';
import type { TaskBody } from '../support/api-client.ts';
import { checkTaskLog } from '../support/check-task-log.ts';
import { watchTask } from '../support/event-stream.ts';
import { eventually } from '../support/eventually.ts';
import { isGone, startWard, type Ward } from '../support/poison-ward.ts';

const NEIGHBOURS = 5;
const TIMEOUT_MS = 90_000;
/** `npm test` takes one harm and one clumsiness; `npm run faults` takes all. */
const IS_WHOLE = process.env.NIGHTSHIFT_FAULTS === 'all';
const HARMS = [
  { tool: 'kill_self', says: /killed by SIGKILL/u },
  // On a slow machine the collector's last efforts outlast the short lease of this fleet.
  { tool: 'bomb_heap', says: /out of memory|did not turn/u },
  { tool: 'leak_rejection', says: /exited with code 75/u },
  { tool: 'exit_politely', says: /exited with code 0/u },
];

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function startFleet(workers = 2): Promise<Ward> {
  const ward = await startWard({ workers });
  cleanups.push(() => ward.close());
  return ward;
}

const submit = ({ system }: Ward, ...calls: string[]) =>
  system.api.submit({ prompt: calls.join(' ') }, { agent: 'poison' });

/** The neighbours are in the middle of a tool, on both workers, when the poison comes. */
async function startNeighbours(ward: Ward): Promise<TaskBody[]> {
  const neighbours: TaskBody[] = [];
  for (let i = 0; i < NEIGHBOURS; i++) neighbours.push(await submit(ward, 'behave:1500', 'behave:1500', 'behave:300'));
  await eventually(
    'all neighbours run',
    () => new Set(ward.readCalls().map((call) => call.taskId)).size === NEIGHBOURS,
  );
  return neighbours;
}

async function expectAllCompleted({ system }: Ward, tasks: readonly TaskBody[]): Promise<void> {
  for (const { id } of tasks) {
    const task = await system.api.waitFor(id, undefined, TIMEOUT_MS);
    expect(task).toMatchObject({ status: 'completed', result: { text: 'Done.' } });
    await checkTaskLog(system.pool, id, await watchTask(system.api.eventsUrl(id), { key: system.api.key }));
  }
}

describe.skipIf(process.platform !== 'linux')('a tool that harms its process', () => {
  it.each(IS_WHOLE ? HARMS : HARMS.slice(0, 1))(
    '$tool: is a dead letter after two deaths among others and one alone, and its neighbours complete',
    { timeout: 180_000 },
    async ({ tool, says }) => {
      const ward = await startFleet();
      const neighbours = await startNeighbours(ward);
      const poison = await submit(ward, 'behave:0', `${tool}:0`);
      const task = await ward.system.api.waitFor(poison.id, undefined, TIMEOUT_MS);
      expect(task).toMatchObject({ status: 'failed', failure: { code: 'poison' } });
      expect(task.failure?.message).toMatch(says);
      await expectAllCompleted(ward, neighbours);

      const killed = ward.readCalls().filter((call) => call.tool === tool);
      expect(killed.every((call) => call.taskId === poison.id)).toBe(true);
      expect(new Set(killed.map((call) => call.pid)).size).toBe(3);
      expect(killed.every((call) => isGone(call.pid))).toBe(true);
      expect(ward.deadWorkers.map((worker) => worker.pid)).toEqual(killed.slice(0, 2).map((call) => call.pid));
      // The model is the witness that what was settled before was not repeated.
      const asked = ward.system.model.requests.filter((request) => JSON.stringify(request.body).includes(`${tool}:0`));
      expect(asked.filter((request) => request.turn === 1)).toHaveLength(1);
      expect(asked.every((request) => request.verdict.kind === 'well_formed')).toBe(true);
    },
  );

  it.runIf(IS_WHOLE)(
    'that may not be repeated is no way out: it meets others twice, however many steps it settles between',
    {
      timeout: 180_000,
    },
    async () => {
      const ward = await startFleet();
      const neighbours = await startNeighbours(ward);
      const poison = await submit(ward, ...Array.from({ length: 12 }, () => 'kill_self_unsafe:0'));
      const task = await ward.system.api.waitFor(poison.id, undefined, TIMEOUT_MS);
      expect(task).toMatchObject({ status: 'failed', failure: { code: 'poison' } });
      await expectAllCompleted(ward, neighbours);
      expect(ward.readCalls().filter((call) => call.tool === 'kill_self_unsafe')).toHaveLength(3);
      expect(ward.deadWorkers).toHaveLength(2);
    },
  );

  it.runIf(IS_WHOLE)(
    'by never giving the event loop back is killed by its parent, and ends like one that dies',
    {
      timeout: 180_000,
    },
    async () => {
      const ward = await startFleet(3); // two are blocked before the child is, and somebody has to take over
      const neighbours = await startNeighbours(ward);
      const poison = await submit(ward, 'behave:0', 'block:16000');
      const task = await ward.system.api.waitFor(poison.id, undefined, TIMEOUT_MS);
      expect(task).toMatchObject({ status: 'failed', failure: { code: 'poison' } });
      expect(task.failure?.message).toMatch(/did not turn for [3-6] s/u);
      await expectAllCompleted(ward, neighbours);
      const blocked = ward.readCalls().filter((call) => call.tool === 'block');
      expect(new Set(blocked.map((call) => call.pid)).size).toBe(3);
      expect(blocked.slice(2).every((call) => isGone(call.pid))).toBe(true);
    },
  );

  it('once, for longer than a lease, costs it and its neighbours nothing', { timeout: 180_000 }, async () => {
    const ward = await startFleet();
    const neighbours = await startNeighbours(ward);
    const clumsy = await submit(ward, 'behave:0', 'block_once:7000', 'behave:0', 'behave:0', 'behave:0');
    await expectAllCompleted(ward, [clumsy, ...neighbours]);
    const pids = ward
      .readCalls()
      .filter((call) => call.taskId === clumsy.id)
      .map((call) => call.pid);
    await eventually('the blocked worker is gone', () => ward.deadWorkers.length > 0);
    expect(ward.deadWorkers.map((worker) => worker.pid)).toEqual([pids[0]]);
    expect(ward.deadWorkers[0]?.output()).toMatch(/lease lost/u);
    // One death is no reason to be alone.
    const workers = ward.system.workers.map((worker) => worker.pid);
    expect(pids.filter((pid) => !workers.includes(pid))).toEqual([]);
  });
});
