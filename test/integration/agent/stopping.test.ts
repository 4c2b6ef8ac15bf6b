import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DeadlinePassedError, ShutdownError } from '../../../packages/agent/src/index.ts';
import { toUuid } from '../../../packages/domain/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Epoch, Scene } from '../../support/agent-scene.ts';
import { eventually } from '../../support/eventually.ts';
import { call, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const LONG = say('word '.repeat(2_000), { delivery: { delayBetweenChunksMs: 10 } });

const FINAL = /^task\.(completed|cancelled|failed|expired)$/;

async function expectWithin(ms: number, promise: Promise<unknown>): Promise<unknown> {
  const startedAt = performance.now();
  const value = await promise;
  expect(performance.now() - startedAt).toBeLessThan(ms);
  return value;
}

/** An epoch in the middle of a long reply. */
async function startStreaming(): Promise<{ scene: Scene; epoch: Epoch }> {
  const scene = await harness.open({ script: [LONG, say('done')] });
  const epoch = await scene.start();
  await eventually('the first words', async () => (await scene.events()).some((event) => event.type === 'text.delta'));
  return { scene, epoch };
}

/** An epoch in the middle of a tool call. */
async function startTool(execute: (signal: AbortSignal) => Promise<unknown>) {
  let started = false;
  const tool = probeTool('act', async (_, context) => {
    started = true;
    return execute(context.signal);
  });
  const scene = await harness.open({ tools: [tool], script: [call('act', [{}, {}]), say('done')] });
  const epoch = await scene.start();
  await eventually('the tool to run', () => started);
  return { scene, epoch };
}

/** An epoch whose worker begins to go down while the model is answering its first turn, with a call. */
async function startAndShutDownWhenAsked(suspicion = 0) {
  let epoch: Epoch | undefined;
  const scene = await harness.open({
    tools: [probeTool('act', () => 1)],
    async script(_, { turn }) {
      if (turn > 1) return say('done');
      (await eventually('the epoch', () => epoch)).shutdown();
      return call('act');
    },
  });
  await harness.pool.query('update tasks set suspicion = $2 where id = $1', [toUuid(scene.taskId), suspicion]);
  epoch = await scene.start();
  return { scene, epoch };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('a cancel', () => {
  it.each([
    ['pushed to the worker', true],
    ['seen with the next flush', false],
  ])('in the middle of a reply, %s, ends the task within a second and voids the half turn', async (_, push) => {
    const { scene, epoch } = await startStreaming();
    expect(await scene.cancel({ push })).toBe('requested');
    expect(await expectWithin(1_000, epoch.outcome)).toBe('cancelled');
    const types = (await scene.events()).map((event) => event.type);
    expect(types.slice(-2)).toEqual(['turn.voided', 'task.cancelled']);
    expect(types).toContain('task.cancel_requested');
    await eventually('the server to see us leave', () => scene.server.requests[0]?.answer?.end === 'client_left');
    expect((await scene.breakers.state('model:local-extractive-1')).kind).toBe('closed');
  });

  it('in the middle of a tool ends the task within a second', async () => {
    const aborts: unknown[] = [];
    const { scene, epoch } = await startTool((signal) =>
      untilAborted(signal).catch((reason) => {
        aborts.push(reason);
        throw reason;
      }),
    );
    await scene.cancel();
    expect(await expectWithin(1_000, epoch.outcome)).toBe('cancelled');
    expect(aborts).toHaveLength(2);
    expect((await scene.events()).at(-1)?.type).toBe('task.cancelled');
  });

  it('ends a task whose tool does not listen, too', async () => {
    const { scene, epoch } = await startTool(() => new Promise(() => undefined));
    await scene.cancel();
    expect(await expectWithin(1_500, epoch.outcome)).toBe('cancelled');
  });

  it('of a task that was just claimed ends it before anything runs, and keeps its usage', async () => {
    const { scene, epoch } = await startTool(untilAborted);
    await epoch.crash();
    await harness.pool.query('update task_heads set cancel_requested_at = now() where task_id = $1', [
      toUuid(scene.taskId),
    ]);
    const before = await scene.steps();
    expect(await scene.run()).toBe('cancelled');
    expect(await scene.steps()).toEqual(before);
    expect(scene.requests()).toHaveLength(1);
    expect((await scene.task()).usage).toMatchObject({ turns: 1 });
    expect((await scene.task()).usage?.input_tokens).toBeGreaterThan(0);
  });

  it('and completion have exactly one winner, at whichever event of the task the cancel comes', async () => {
    const ends = new Set<string>();
    for (let events = 1, isLast = false; !isLast; events++) {
      const scene = await harness.open({
        tools: [probeTool('act', () => 1)],
        script: [call('act', [{}, {}]), say('done', { delivery: { delayBetweenChunksMs: 1 } })],
      });
      const epoch = await scene.start();
      await eventually(
        `${events} events`,
        async () => (await scene.events()).length >= events || ends.has('completed'),
      );
      const [verdict, end] = await Promise.all([scene.cancel({ push: events % 2 === 0 }), epoch.outcome]);
      const log = await scene.events();
      expect((await scene.task()).status).toBe(end);
      expect(end).toBe(verdict === 'final' ? 'completed' : 'cancelled');
      expect(log.filter(({ type }) => FINAL.test(type)).map(({ type }) => type)).toEqual([`task.${end}`]);
      expect(log.at(-1)?.type).toBe(`task.${end}`);
      expect((await scene.task()).result === undefined).toBe(end === 'cancelled');
      // A call whose intent comes after the cancel does not run.
      const asked = log.find(({ type }) => type === 'task.cancel_requested')?.seq ?? Number.POSITIVE_INFINITY;
      const late = log.filter(({ type, seq }) => type === 'tool.requested' && seq > asked);
      const lateIds = late.map(({ data }) => data.tool_use_id);
      expect(log.filter(({ type, data }) => type === 'tool.started' && lateIds.includes(data.tool_use_id))).toEqual([]);
      ends.add(end);
      isLast = end === 'completed' || events > 40;
    }
    expect([...ends].sort()).toEqual(['cancelled', 'completed']);
  }, 60_000);

  it('that comes before the settlement wins over it: nothing of the result is written', async () => {
    let cancel = async () => {};
    const tool = probeTool(
      'act',
      async () => {
        await cancel();
        return 'x';
      },
      { returnDirect: true },
    );
    const scene = await harness.open({ tools: [tool], script: [call('act')] });
    cancel = async () => {
      await harness.pool.query('update task_heads set cancel_requested_at = now() where task_id = $1', [
        toUuid(scene.taskId),
      ]);
    };
    expect(await scene.run()).toBe('cancelled');
    expect(await scene.task()).toMatchObject({ status: 'cancelled', result: undefined });
  });
});

describe('a deadline', () => {
  it('that passes in the middle of a reply expires the task', async () => {
    const { scene, epoch } = await startStreaming();
    epoch.stop(new DeadlinePassedError('the deadline has passed'));
    expect(await expectWithin(1_000, epoch.outcome)).toBe('expired');
    expect(await scene.task()).toMatchObject({ status: 'expired', failure: { code: 'deadline_exceeded' } });
    expect(await scene.deadLetter()).toBeUndefined();
    expect((await scene.events()).map((event) => event.type).slice(-2)).toEqual(['turn.voided', 'task.expired']);
  });

  it('that passes in the middle of a tool expires the task', async () => {
    const { scene, epoch } = await startTool(untilAborted);
    epoch.stop(new DeadlinePassedError('the deadline has passed'));
    expect(await expectWithin(1_000, epoch.outcome)).toBe('expired');
    expect((await scene.task()).usage).toMatchObject({ turns: 1 });
  });

  it('that leaves no time for another try parks the task until it passes, without a dead letter', async () => {
    const limited = { type: 'error' as const, status: 429, headers: { 'retry-after': '20' } };
    const scene = await harness.open({ deadlineMs: 8_000, script: [{ replies: [limited], repeat: true }] });
    expect(await scene.run()).toBe('waiting');
    expect((await scene.events()).at(-1)).toMatchObject({ type: 'task.waiting', data: { waiting_for: 'retry' } });
    expect(await scene.deadLetter()).toBeUndefined();
  });
});

describe('a shutdown', () => {
  it('lets the reply end, hands the task back at the step boundary and costs no attempt', async () => {
    const { scene, epoch } = await startAndShutDownWhenAsked();
    expect(await epoch.outcome).toBe('queued');
    expect(await scene.task()).toMatchObject({ status: 'queued', attempts: 0 });
    const types = (await scene.events()).map((event) => event.type);
    expect(types).toContain('turn.completed');
    expect(types).not.toContain('turn.voided');
    expect(types).not.toContain('tool.requested');
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()).toHaveLength(2);
  });

  it('lets a running tool end, and starts no other', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const ran: unknown[] = [];
    const tool = probeTool('act', async (input) => {
      ran.push(input.n);
      await gate;
      return input.n;
    });
    const scene = await harness.open({
      tools: [tool],
      agent: { parallelTools: 1 },
      script: [call('act', [{ n: 1 }, { n: 2 }]), say('done')],
    });
    const epoch = await scene.start();
    await eventually('the first call', () => ran.length === 1);
    epoch.shutdown();
    release();
    expect(await epoch.outcome).toBe('queued');
    expect(ran).toEqual([1]);
    expect(await scene.run()).toBe('completed');
    expect(ran).toEqual([1, 2]);
  });

  it('asks the model nothing after the last call of a turn', async () => {
    let epoch: Epoch | undefined;
    const tool = probeTool('act', () => epoch?.shutdown());
    const scene = await harness.open({ tools: [tool], script: [call('act'), say('done')] });
    epoch = await scene.start();
    expect(await epoch.outcome).toBe('queued');
    expect(scene.requests()).toHaveLength(1);
    expect((await scene.steps()).map((step) => step.status)).toEqual(['done', 'done']);
  });

  it('does not wait for the next try of a model call', async () => {
    const script = [{ type: 'error' as const, status: 429, headers: { 'retry-after': '20' } }, say('done')];
    const scene = await harness.open({ script });
    const epoch = await scene.start();
    await eventually('the wait', async () => (await scene.events()).some((event) => event.type === 'model.retry'));
    epoch.shutdown();
    expect(await expectWithin(1_000, epoch.outcome)).toBe('queued');
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).attempts).toBe(0);
  });

  it('whose grace is over aborts the reply and hands the task back', async () => {
    const { scene, epoch } = await startStreaming();
    epoch.shutdown();
    epoch.stop(new ShutdownError('the grace is over'));
    expect(await expectWithin(1_000, epoch.outcome)).toBe('queued');
    expect((await scene.events()).map((event) => event.type).at(-1)).toBe('turn.voided');
    expect(await scene.run()).toBe('completed');
    expect(await scene.task()).toMatchObject({ attempts: 0, result: { text: 'done' } });
  });
});

describe('a task with cause for suspicion', () => {
  it('is buried as poison after too many deaths of its workers, with its usage', async () => {
    const { scene, epoch } = await startTool(untilAborted);
    await epoch.crash();
    await harness.pool.query('update tasks set suspicion = 10 where id = $1', [toUuid(scene.taskId)]);
    expect(await scene.run()).toBe('failed');
    const dead = await scene.deadLetter();
    expect(dead).toMatchObject({ reason: 'poison', retryStopped: 'process_deaths', lastStepKey: 't1' });
    expect((await scene.task()).usage).toMatchObject({ turns: 1 });
  });

  it('is cleared by its next settled step, not only by its end', async () => {
    const { scene, epoch } = await startAndShutDownWhenAsked(2);
    expect(await epoch.outcome).toBe('queued');
    const { rows } = await harness.pool.query<{ suspicion: number }>('select suspicion from tasks where id = $1', [
      toUuid(scene.taskId),
    ]);
    expect(rows[0]?.suspicion).toBe(0);
  });
});
