import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Epoch } from '../../support/agent-scene.ts';
import { call, PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const PRICED = {
  contextWindowTokens: 32_000,
  maxOutputTokens: 1_000,
  price: { input: 1, output: 1, cacheRead: 1, cacheCreation: 1 },
};
const usage = { input_tokens: 400, output_tokens: 100, cache_read_input_tokens: 300, cache_creation_input_tokens: 200 };

function looping(calls: { ran: number }) {
  return {
    tools: [probeTool('act', () => ++calls.ran, { annotations: PURE })],
    script: [{ replies: [call('act', [{}], { usage })], repeat: true }],
    provider: { findInfo: () => PRICED },
  };
}

describe('a budget', () => {
  it('of turns gives what there is as a partial result', async () => {
    const calls = { ran: 0 };
    const scene = await harness.open({ ...looping(calls), limits: { max_turns: 3 } });
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()).toHaveLength(3);
    expect(await scene.task()).toMatchObject({ stopReason: 'max_turns', result: { partial: true } });
    expect(await scene.deadLetter()).toBeUndefined();
  });

  it.each([
    ['tokens', { max_tokens: 2_500 }, 3],
    ['money', { max_cost_usd: 0.0025 }, 3],
  ])('of %s fails the task after the step that used it up, without a dead letter', async (_, limits, turns) => {
    const scene = await harness.open({ ...looping({ ran: 0 }), limits });
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(turns);
    const task = await scene.task();
    expect(task).toMatchObject({ failure: { code: 'budget_exhausted' }, deadLetterId: undefined });
    expect(task.usage).toMatchObject({ input_tokens: 1_200, output_tokens: 300, turns, tool_calls: turns });
    expect(task.usage?.cost_usd).toBeCloseTo(0.003, 9);
  });

  it('of tool calls lets the last one be used, and is never exceeded, not even by calls at once', async () => {
    const calls = { ran: 0 };
    const { tools } = looping(calls);
    const exact = await harness.open({
      tools,
      script: [call('act', [{}, {}]), say('done')],
      limits: { max_tool_calls: 2 },
    });
    expect(await exact.run()).toBe('completed');
    expect(calls.ran).toBe(2);
    const more = await harness.open({
      tools,
      script: [call('act'), call('act', [{}, {}, {}])],
      limits: { max_tool_calls: 3 },
    });
    expect(await more.run()).toBe('failed');
    expect(calls.ran).toBe(3);
    expect(await more.task()).toMatchObject({ failure: { code: 'budget_exhausted' }, deadLetterId: undefined });
  });

  it('is not forgotten by a crash, nor by a replay', async () => {
    let epoch: Epoch | undefined;
    const calls = { ran: 0 };
    const tool = probeTool(
      'act',
      async () => {
        calls.ran++;
        if (calls.ran === 2) await epoch?.crash();
        return 1;
      },
      { annotations: PURE },
    );
    const scene = await harness.open({ ...looping(calls), tools: [tool], limits: { max_tokens: 2_500 } });
    epoch = await scene.start();
    expect(await epoch.outcome).toBe('fenced');
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(3);
    await scene.replay();
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(3);
    expect((await scene.task()).usage).toMatchObject({ turns: 3 });
  });

  it('counts replies that could not be used', async () => {
    const cut = {
      type: 'message' as const,
      content: [{ type: 'tool_use' as const, name: 'act', raw_json: '{"n' }],
      usage,
    };
    const scene = await harness.open({
      ...looping({ ran: 0 }),
      script: [{ ...cut, stop_reason: 'max_tokens' }, call('act', [{}], { usage }), say('no')],
      limits: { max_tokens: 1_500 },
    });
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(2);
    expect((await scene.task()).usage).toMatchObject({ input_tokens: 800, turns: 1 });
  });
});

describe('an answer that does not match the output schema', () => {
  const agent = { outputSchema: z.object({ title: z.string(), pages: z.number().int() }) };

  it('is told what is wrong with it and corrected', async () => {
    const scene = await harness.open({
      agent,
      script: [say('The title is X.'), say('{"title": "X"}'), say('Sure:\n```json\n{"title": "X", "pages": 3}\n```')],
    });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ title: 'X', pages: 3 });
    const feedback = scene.requests().map((request) => JSON.stringify(request.messages.at(-1)));
    expect(feedback[1]).toMatch(/not a JSON object/);
    expect(feedback[2]).toMatch(/pages: .*number/i);
  });

  it('is a permanent dead letter after the corrections, paid for; a replay asks once more', async () => {
    const scene = await harness.open({ agent, script: [{ replies: [say('no', { usage })], repeat: true }] });
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(3);
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'agent_output_invalid' } });
    expect((await scene.task()).usage).toMatchObject({ input_tokens: 1_200, turns: 2 });
    scene.server.script.set([say('{"title": "X", "pages": 3}', { usage })]);
    await scene.replay();
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).usage).toMatchObject({ input_tokens: 1_600, turns: 3 });
  });

  it('keeps its count of corrections over a crash', async () => {
    const slow = say('no', { delivery: { stall: { afterBytes: 10 } } });
    const scene = await harness.open({ agent, script: [say('no'), say('no'), slow, say('no')] });
    const epoch = await scene.start();
    while (scene.requests().length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await epoch.crash();
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(4);
  });
});
