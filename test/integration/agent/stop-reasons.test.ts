import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import { keptText } from '../../support/agent-scene.ts';
import { call, PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

function counting(seen: unknown[]) {
  return probeTool('echo', (input) => seen.push(input), { annotations: PURE });
}

describe('a tool call cut by max_tokens', () => {
  it.each([
    ['in the middle of its input', '{"n": 1, "text": "half of'],
    ['where its input happens to parse', '{"n": 1}'],
  ])('%s is asked for once more with more room and never executed', async (_, raw_json) => {
    const seen: unknown[] = [];
    const cut = { type: 'tool_use' as const, name: 'echo', raw_json };
    const scene = await harness.open({
      tools: [counting(seen)],
      script: [
        { type: 'message', content: [{ type: 'text', text: 'lost words' }, cut], stop_reason: 'max_tokens' },
        call('echo', [{ n: 2 }]),
        say('done'),
      ],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([{ n: 2 }]);
    const [first, second] = scene.requests();
    expect(second?.max_tokens).toBe(2 * (first?.max_tokens ?? 0));
    expect(second?.messages).toEqual(first?.messages);
    expect(keptText(await scene.events())).toBe('done');
  });

  it('twice in a row is a permanent failure, and both replies are paid for', async () => {
    const cut = {
      type: 'message' as const,
      content: [{ type: 'tool_use' as const, name: 'echo', raw_json: '{"te' }],
      stop_reason: 'max_tokens',
      usage: { input_tokens: 100, output_tokens: 50 },
    };
    const scene = await harness.open({ tools: [counting([])], script: [cut, cut] });
    expect(await scene.run()).toBe('failed');
    expect((await scene.deadLetter())?.reason).toBe('permanent');
    expect((await scene.task()).usage).toMatchObject({ input_tokens: 200, output_tokens: 100, turns: 0 });
    expect((await scene.steps()).map((step) => [step.stepKey, step.status])).toEqual([
      ['t1~2', 'void'],
      ['t1~1', 'void'],
    ]);
  });
});

describe('a stop reason', () => {
  it('max_tokens with text only completes with what there is, as partial', async () => {
    const scene = await harness.open({ script: [say('As far as I', { stop_reason: 'max_tokens' })] });
    expect(await scene.run()).toBe('completed');
    expect(await scene.task()).toMatchObject({
      result: { text: 'As far as I', partial: true },
      stopReason: 'max_output',
    });
  });

  it('pause_turn is sent back as it is and continued', async () => {
    const scene = await harness.open({
      script: [say('First half, ', { stop_reason: 'pause_turn' }), say('second half.')],
    });
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()[1]?.messages.map((message) => message.role)).toEqual(['user', 'assistant']);
    expect((await scene.task()).result).toEqual({ text: 'second half.' });
  });

  it('refusal completes as partial with what was said', async () => {
    const scene = await harness.open({ script: [say('I cannot.', { stop_reason: 'refusal' })] });
    expect(await scene.run()).toBe('completed');
    expect(await scene.task()).toMatchObject({ result: { text: 'I cannot.', partial: true }, stopReason: 'refusal' });
  });

  it('stop_sequence is an answer', async () => {
    const scene = await harness.open({ script: [say('All.', { stop_reason: 'stop_sequence', stop_sequence: 'X' })] });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ text: 'All.' });
  });

  it('end_turn with a tool call in it runs nothing, and the history stays well-formed', async () => {
    const seen: unknown[] = [];
    const scene = await harness.open({
      tools: [counting(seen)],
      agent: { outputSchema: z.object({ ok: z.boolean() }) },
      script: [call('echo', [{ n: 1 }], { stop_reason: 'end_turn' }), say('{"ok": true}')],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([]);
    expect(JSON.stringify(scene.requests()[1]?.messages.at(-1))).toMatch(/did not run.*end_turn/);
    expect((await scene.task()).result).toEqual({ ok: true });
  });

  it('model_context_window_exceeded shortens the conversation and asks again', async () => {
    const big = probeTool('big', () => 'word '.repeat(4_000), { annotations: PURE });
    const scene = await harness.open({
      tools: [big],
      script: [
        ...Array.from({ length: 5 }, (_, n) => call('big', [{ n }])),
        say('too mu', { stop_reason: 'model_context_window_exceeded' }),
        say('done'),
      ],
      provider: {
        findInfo: () => ({
          contextWindowTokens: 64_000,
          maxOutputTokens: 1_000,
          price: { input: 1, output: 1, cacheRead: 0, cacheCreation: 0 },
        }),
      },
    });
    expect(await scene.run()).toBe('completed');
    const [before, after] = scene
      .requests()
      .slice(-2)
      .map((request) => JSON.stringify(request.messages).length);
    expect(after).toBeLessThan(Number(before));
    expect(keptText(await scene.events())).toBe('done');
  });

  it('that is unknown fails closed: no tool runs, a permanent dead letter', async () => {
    const seen: unknown[] = [];
    const scene = await harness.open({
      tools: [counting(seen)],
      script: [call('echo', [{}], { stop_reason: 'quantum_flux' })],
    });
    expect(await scene.run()).toBe('failed');
    expect(seen).toEqual([]);
    expect(scene.requests()).toHaveLength(1);
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'model_bad_reply' } });
  });

  it('that is missing runs nothing and is asked again', async () => {
    const seen: unknown[] = [];
    const scene = await harness.open({
      tools: [counting(seen)],
      script: [call('echo', [{ n: 1 }], { stop_reason: null }), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([]);
  });
});

describe('an empty reply', () => {
  it('is an empty answer without an output schema', async () => {
    const scene = await harness.open({ script: [{ type: 'message', content: [] }] });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ text: '' });
  });

  it('is corrected when the agent has an output schema', async () => {
    const scene = await harness.open({
      agent: { outputSchema: z.object({ ok: z.boolean() }) },
      script: [{ type: 'message', content: [] }, say('Here: ```json\n{"ok": false}\n```')],
    });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ ok: false });
  });
});

describe('thinking blocks', () => {
  it('come back byte for byte, in a later turn and after a crash', async () => {
    const thinking = 'step 1\n\n  "quoted" \\u0041 é 日本 🎈 {"b":1,"a":2} \u0007 end ';
    const blocks = [
      { type: 'thinking' as const, thinking },
      { type: 'redacted_thinking' as const, data: 'AAAA/+==' },
      { type: 'text' as const, text: 'I will call.' },
    ];
    const tool = probeTool('echo', () => 1, { annotations: PURE });
    const scene = await harness.open({
      tools: [tool],
      script: [
        { type: 'message', content: [...blocks, { type: 'tool_use', name: 'echo', input: {} }] },
        say('x'.repeat(5_000), { delivery: { stall: { afterBytes: 600 } } }),
        say('done'),
      ],
    });
    const epoch = await scene.start();
    while (scene.requests().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await epoch.crash();
    expect(await epoch.outcome).toBe('fenced');
    expect(await scene.run()).toBe('completed');
    for (const request of scene.requests().slice(1)) {
      const [first, second] = request.messages[1]?.content ?? [];
      expect(first).toMatchObject({ type: 'thinking', thinking });
      expect(second).toEqual({ type: 'redacted_thinking', data: 'AAAA/+==' });
    }
    expect(keptText(await scene.events())).toBe('I will call.done');
  });
});
