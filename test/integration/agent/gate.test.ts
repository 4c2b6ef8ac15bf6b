import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { SentRequest } from '../../support/agent-scene.ts';
import { call, PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

interface Result {
  tool_use_id: string;
  is_error: boolean;
  text: string;
}

/** Results in the last message of a request. */
function resultsOf(request: SentRequest | undefined): Result[] {
  return (request?.messages.at(-1)?.content ?? []).map((block) => ({
    tool_use_id: String(block.tool_use_id),
    is_error: block.is_error === true,
    text: (block.content as { text: string }[]).map((part) => part.text).join(''),
  }));
}

function echoing(seen: unknown[]) {
  return probeTool(
    'echo',
    (input) => {
      seen.push(input);
      return { echoed: input };
    },
    { annotations: PURE },
  );
}

describe('the execution gate', () => {
  it('gets the whole input of every call when their fragments interleave', async () => {
    const seen: unknown[] = [];
    const inputs = Array.from({ length: 8 }, (_, n) => ({ n, text: `${n} "quoted" \\ é 日本 🎈 ${'x'.repeat(200)}` }));
    const scene = await harness.open({
      tools: [echoing(seen)],
      script: [call('echo', inputs, { delivery: { interleave: true, seed: 7, writeBytes: 5 } }), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual(inputs);
    const results = resultsOf(scene.requests()[1]);
    expect(results.map((result) => JSON.parse(result.text))).toEqual(inputs.map((input) => ({ echoed: input })));
  });

  it('answers a call that may not run with what is wrong, and runs the others of the turn', async () => {
    const seen: unknown[] = [];
    const secret = probeTool('secret', () => seen.push('secret'));
    const scene = await harness.open({
      tools: [echoing(seen)],
      otherTools: [secret],
      script: [
        {
          type: 'message',
          content: [
            { type: 'text', text: 'Trying.' },
            { type: 'tool_use', name: 'nonsense', input: {} },
            { type: 'tool_use', name: 'secret', input: {} },
            { type: 'tool_use', name: 'echo', raw_json: '{"n": 1, "text": "cut he' },
            { type: 'tool_use', name: 'echo', raw_json: '["no", "object"]' },
            { type: 'tool_use', name: 'echo', input: { n: 'one' } },
            { type: 'tool_use', name: 'echo', input: { n: 1, surprise: true } },
            { type: 'tool_use', name: 'echo', raw_json: `{"text":${'['.repeat(300)}${']'.repeat(300)}}` },
            { type: 'tool_use', name: 'echo', raw_json: '' },
            { type: 'tool_use', name: 'echo', input: { n: 9 } },
          ],
        },
        say('done'),
      ],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([{}, { n: 9 }]);
    const results = resultsOf(scene.requests()[1]);
    expect(results.map((result) => result.is_error)).toEqual([true, true, true, true, true, true, true, false, false]);
    expect(results[0]?.text).toMatch(/no tool "nonsense".*echo/);
    expect(results[1]?.text).toMatch(/may not use "secret"/);
    expect(results[2]?.text).toMatch(/not valid JSON/);
    expect(results[3]?.text).toMatch(/expected object/i);
    expect(results[4]?.text).toMatch(/"n".*expected number/i);
    expect(results[5]?.text).toMatch(/surprise/);
    expect(results[6]?.text).toMatch(/deeper than/);
    const events = await scene.events();
    expect(events.filter((event) => event.type === 'tool.gated')).toHaveLength(7);
    expect(events.filter((event) => event.type === 'tool.requested')).toHaveLength(2);
    expect((await scene.steps()).filter((step) => step.kind === 'tool').every((step) => step.status === 'done')).toBe(
      true,
    );
  });

  it('runs 64 calls of a turn and refuses the rest, each with a result', async () => {
    const seen: unknown[] = [];
    const scene = await harness.open({
      tools: [echoing(seen)],
      script: [
        call(
          'echo',
          Array.from({ length: 70 }, (_, n) => ({ n })),
        ),
        say('done'),
      ],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toHaveLength(64);
    const results = resultsOf(scene.requests()[1]);
    expect(results).toHaveLength(70);
    expect(results.slice(64).every((result) => result.is_error && /At most 64/.test(result.text))).toBe(true);
  });

  it.each([
    ['twice in one turn', ['toolu_a', 'toolu_a']],
    ['with characters that the protocol does not allow', ['toolu a']],
  ])('asks again when the model gives tool ids %s, and runs nothing of that reply', async (_, ids) => {
    const seen: unknown[] = [];
    const content = ids.map((id, n) => ({ type: 'tool_use' as const, name: 'echo', id, input: { n } }));
    const scene = await harness.open({
      tools: [echoing(seen)],
      script: [{ type: 'message', content }, call('echo', [{ n: 5 }]), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([{ n: 5 }]);
    expect((await scene.events()).filter((event) => event.type === 'turn.voided')).toHaveLength(1);
  });

  it('asks again when a call has the id of a call of an earlier turn', async () => {
    const seen: unknown[] = [];
    const content = [{ type: 'tool_use' as const, name: 'echo', id: 'toolu_same', input: { n: 1 } }];
    const scene = await harness.open({
      tools: [echoing(seen)],
      script: [{ type: 'message', content }, { type: 'message', content }, call('echo', [{ n: 2 }]), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('asks again when the model stops to use a tool and names none', async () => {
    const scene = await harness.open({ script: [say('hm', { stop_reason: 'tool_use' }), say('done')] });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ text: 'done' });
  });

  it('hands a tool its input as its schema made it, and its result as toModelOutput put it', async () => {
    const tool = probeTool('trimmed', (input) => `got ${JSON.stringify(input)}`, {
      inputSchema: z.object({ text: z.string().trim().default('nothing') }),
      toModelOutput: ({ output }) => `The tool ${String(output)}.`,
    });
    const scene = await harness.open({
      tools: [tool],
      script: [call('trimmed', [{ text: '  a  ' }, {}]), say('done')],
    });
    await scene.run();
    expect(resultsOf(scene.requests()[1]).map((result) => result.text)).toEqual([
      'The tool got {"text":"a"}.',
      'The tool got {"text":"nothing"}.',
    ]);
  });
});
