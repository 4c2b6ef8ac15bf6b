import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FatalToolError, type ToolContext } from '../../../packages/tools/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Epoch } from '../../support/agent-scene.ts';
import { eventually } from '../../support/eventually.ts';
import { call, KEYED, PURE, probeTool, say } from '../../support/probe-tool.ts';
import { createRendezvous } from '../../support/rendezvous.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

/** What really happened in the world: written by the tools themselves. */
interface Effect {
  key: string;
  n: number | undefined;
}

/** A tool whose effect happens, and whose first `hangs` calls then never return: the moment of a crash. */
function effectful(effects: Effect[], hangs: number, annotations = {}) {
  return probeTool(
    'act',
    async (input, context) => {
      effects.push({ key: context.idempotencyKey, n: input.n });
      if (effects.length <= hangs) await new Promise(() => undefined);
      return `done ${input.n}`;
    },
    { annotations },
  );
}

async function crashAfter(epoch: Epoch, effects: Effect[], count: number) {
  await eventually('the effect to happen', () => effects.length >= count);
  await epoch.crash();
  expect(await epoch.outcome).toBe('fenced');
}

describe("a crash between a tool's effect and its result", () => {
  it.each([
    ['pure', PURE],
    ['keyed', KEYED],
  ])('lets a %s call run again, under the same idempotency key', async (_, annotations) => {
    const effects: Effect[] = [];
    const scene = await harness.open({
      tools: [effectful(effects, 2, annotations)],
      script: [call('act', [{ n: 1 }]), say('done')],
    });
    await crashAfter(await scene.start(), effects, 1);
    await crashAfter(await scene.start(), effects, 2);
    expect(await scene.run()).toBe('completed');
    expect(effects).toHaveLength(3);
    expect(new Set(effects.map((effect) => effect.key)).size).toBe(1);
    expect(scene.requests()).toHaveLength(2);
    const [step] = (await scene.steps()).filter((candidate) => candidate.kind === 'tool');
    expect(step).toMatchObject({ status: 'done', idempotencyKey: effects[0]?.key });
  });

  it('never runs an unsafe call again: the model is told that its outcome is unknown', async () => {
    const effects: Effect[] = [];
    const scene = await harness.open({
      tools: [effectful(effects, 1)],
      script: [call('act', [{ n: 1 }]), say('done')],
    });
    await crashAfter(await scene.start(), effects, 1);
    expect(await scene.run()).toBe('completed');
    expect(effects).toHaveLength(1);
    const [result] = scene.requests()[1]?.messages.at(-1)?.content ?? [];
    expect(result).toMatchObject({ type: 'tool_result', is_error: true });
    expect(JSON.stringify(result)).toMatch(/not known: verify/);
    const [step] = (await scene.steps()).filter((candidate) => candidate.kind === 'tool');
    expect(step).toMatchObject({ status: 'unknown', failure: { code: 'tool_outcome_unknown' } });
  });

  it('repeats none of the calls of the turn whose results were journaled', async () => {
    const effects: Effect[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tool = probeTool(
      'act',
      async (input, context) => {
        effects.push({ key: context.idempotencyKey, n: input.n });
        if (input.n === 3) await gate;
        return input.n;
      },
      { annotations: PURE },
    );
    const scene = await harness.open({
      tools: [tool],
      script: [call('act', [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]), say('done')],
    });
    const epoch = await scene.start();
    await eventually('three results', async () => {
      return (await scene.steps()).filter((step) => step.kind === 'tool' && step.status === 'done').length === 3;
    });
    await epoch.crash();
    release();
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 3, 4, 3]);
    const results = scene
      .requests()
      .at(-1)
      ?.messages.at(-1)
      ?.content.map((block) => JSON.stringify(block.content));
    expect(results?.map((text) => /"text":"(\d)"/.exec(text)?.[1])).toEqual(['1', '2', '3', '4']);
  });

  it('between the journaled turn and its calls takes no second model call for it', async () => {
    const effects: Effect[] = [];
    let epoch: Epoch | undefined;
    const scene = await harness.open({
      tools: [effectful(effects, 0, KEYED)],
      async script(_, { turn }) {
        if (turn > 1) return say('done');
        (await eventually('the epoch', () => epoch)).shutdown();
        return call('act', [{ n: 1 }]);
      },
    });
    epoch = await scene.start();
    expect(await epoch.outcome).toBe('queued');
    expect((await scene.steps()).map((step) => step.stepKey)).toEqual(['t1']);
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()).toHaveLength(2);
    expect(effects).toHaveLength(1);
  });
});

describe('calls of one turn', () => {
  it('run at once, as many as the agent allows, and their results keep the order of the calls', async () => {
    let now = 0;
    let most = 0;
    const ended: number[] = [];
    const tool = probeTool('act', async ({ n = 0 }) => {
      most = Math.max(most, ++now);
      // Of three neighbours the last one ends first.
      await eventually('its turn to end', () => n % 3 === 2 || ended.includes(n + 1));
      ended.push(n);
      now--;
      return n;
    });
    const scene = await harness.open({
      tools: [tool],
      agent: { parallelTools: 3 },
      script: [call('act', [{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(most).toBe(3);
    expect(ended).not.toEqual([...ended].sort());
    const results = scene.requests()[1]?.messages.at(-1)?.content ?? [];
    expect(results.map((block) => (block.content as { text: string }[])[0]?.text)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
  });

  it('see their own context, whichever runs beside them', async () => {
    const seen: string[] = [];
    const meet = createRendezvous(3);
    const tool = probeTool('act', async (_, context: ToolContext) => {
      await meet();
      seen.push(`${context.toolUseId} ${context.callId}`);
      return 1;
    });
    const scene = await harness.open({ tools: [tool], script: [call('act', [{}, {}, {}]), say('done')] });
    await scene.run();
    const steps = (await scene.steps()).filter((step) => step.kind === 'tool');
    expect(seen.sort()).toEqual(steps.map((step) => `${step.stepKey.slice(3)} ${step.id}`).sort());
  });
});

describe('a tool that fails', () => {
  it('by throwing is told to the model, which goes on', async () => {
    const tool = probeTool('act', () => {
      throw new Error('the disk is full');
    });
    const scene = await harness.open({ tools: [tool], script: [call('act'), say('done')] });
    expect(await scene.run()).toBe('completed');
    expect(JSON.stringify(scene.requests()[1]?.messages.at(-1))).toMatch(/disk is full/);
  });

  it('with a FatalToolError ends the task in a dead letter; a replay runs the call again under its key', async () => {
    const effects: Effect[] = [];
    let broken = true;
    const act = probeTool('act', (input, context) => {
      effects.push({ key: context.idempotencyKey, n: input.n });
      if (broken && input.n === 2) throw new FatalToolError('the account is closed');
      return 'fine';
    });
    const scene = await harness.open({
      tools: [act],
      script: [call('act', [{ n: 1 }, { n: 2 }]), say('done')],
      limits: { max_tool_calls: 2 }, // a replay does not count the call twice against it
    });
    expect(await scene.run()).toBe('failed');
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'tool_fatal' } });
    expect((await scene.deadLetter())?.lastStepKey).toMatch(/^t1:toolu_/);
    broken = false;
    await scene.replay();
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 2]);
    expect(effects[2]?.key).toBe(effects[1]?.key);
    expect(scene.requests()).toHaveLength(2);
    expect((await scene.task()).usage).toMatchObject({ turns: 2 });
  });

  it('for good stays failed when a crash comes before the task could', async () => {
    let ran = 0;
    let epoch: Epoch | undefined;
    const act = probeTool('act', () => {
      ran++;
      throw new FatalToolError('the account is closed');
    });
    const slow = probeTool('slow', async () => {
      await eventually('the fatal result', async () => (await scene.steps()).some((step) => step.status === 'void'));
      await epoch?.crash();
    });
    const content = ['act', 'slow'].map((name) => ({ type: 'tool_use' as const, name, input: {} }));
    const scene = await harness.open({ tools: [act, slow], script: [{ type: 'message', content }, say('done')] });
    epoch = await scene.start();
    expect(await epoch.outcome).toBe('fenced');
    expect(await scene.run()).toBe('failed');
    expect(ran).toBe(1);
    expect(await scene.deadLetter()).toMatchObject({ failure: { code: 'tool_fatal' } });
  });

  it('in a way the agent cannot live with ends the task as the agent says', async () => {
    const tool = probeTool('act', () => {
      throw new Error('encrypted');
    });
    const scene = await harness.open({
      tools: [tool],
      agent: { failsTask: ({ outcome }) => (outcome.kind === 'failed' ? outcome.failure : undefined) },
      script: [call('act')],
    });
    expect(await scene.run()).toBe('failed');
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'tool_failed' } });
  });
});

describe('a tool with returnDirect', () => {
  it('gives the task its answer without another model call', async () => {
    const tool = probeTool('act', () => ({ rows: [1, 2] }), { returnDirect: true });
    const scene = await harness.open({ tools: [tool], script: [call('act')] });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ rows: [1, 2] });
    expect(scene.requests()).toHaveLength(1);
  });

  it('still gives it when the crash came before the task was settled', async () => {
    let ran = 0;
    let epoch: Epoch | undefined;
    const direct = probeTool('act', () => ({ ran: ++ran }), { returnDirect: true });
    const slow = probeTool(
      'slow',
      async () => {
        if (!epoch) return;
        await eventually('the direct result', async () => {
          return (await scene.steps()).some((step) => step.name === 'act' && step.status === 'done');
        });
        const crashed = epoch;
        epoch = undefined;
        await crashed.crash();
      },
      { annotations: PURE },
    );
    const content = ['act', 'slow'].map((name) => ({ type: 'tool_use' as const, name, input: {} }));
    const scene = await harness.open({ tools: [direct, slow], script: [{ type: 'message', content }, say('other')] });
    const started = await scene.start();
    epoch = started;
    expect(await started.outcome).toBe('fenced');
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ ran: 1 });
    expect(scene.requests()).toHaveLength(1);
  });
});
