import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toUuid } from '../../../packages/domain/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import { keptText } from '../../support/agent-scene.ts';
import { call, PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const ODD = 'nul \u0000 high \ud83c low \udf88 both 🎈 line\u2028sep "quote" \\ end';
const SAFE = 'nul \u2400 high \ufffd low \ufffd both 🎈 line\u2028sep "quote" \\ end';

describe('text that Postgres and vendors refuse', () => {
  it('from the model survives the journal and the log, in words, thoughts and inputs', async () => {
    const seen: unknown[] = [];
    const tool = probeTool('act', (input) => seen.push(input), { annotations: PURE });
    const content = [
      { type: 'thinking' as const, thinking: ODD },
      { type: 'text' as const, text: ODD },
      { type: 'tool_use' as const, name: 'act', input: { text: ODD } },
    ];
    const scene = await harness.open({ tools: [tool], script: [{ type: 'message', content }, say(`done ${ODD}`)] });
    expect(await scene.run()).toBe('completed');
    expect(seen).toEqual([{ text: SAFE }]);
    expect((await scene.task()).result).toEqual({ text: `done ${SAFE}` });
    expect(keptText(await scene.events())).toBe(`${SAFE}done ${SAFE}`);
    const sent = scene.requests()[1]?.messages[1]?.content ?? [];
    expect(sent[0]?.thinking).toBe(ODD); // signed: not ours to change
    expect(sent[1]?.text).toBe(SAFE);
    expect(sent[2]?.input).toEqual({ text: SAFE });
  });

  it('split over deltas comes out whole', async () => {
    const balloons = '🎈'.repeat(200);
    const deltas = balloons.split('').map((text) => ({ type: 'text_delta', text }));
    const scene = await harness.open({
      script: [{ type: 'message', content: [{ type: 'raw', start: { type: 'text', text: '' }, deltas }] }],
    });
    expect(await scene.run()).toBe('completed');
    const events = await scene.events();
    expect(keptText(events)).toBe(balloons);
    for (const event of events) expect(JSON.stringify(event.data)).not.toMatch(/\\ud[89a-f]/i);
  });

  it('from a tool survives in its result, its chunks and its failure', async () => {
    const good = probeTool('good', async (_, context) => {
      await context.chunk({ part: ODD });
      return { text: ODD };
    });
    const bad = probeTool('bad', () => {
      throw new Error(ODD);
    });
    const names = ['good', 'bad'].map((name) => ({ type: 'tool_use' as const, name, input: {} }));
    const scene = await harness.open({
      tools: [good, bad],
      script: [{ type: 'message', content: names }, say('done')],
    });
    expect(await scene.run()).toBe('completed');
    const [first, second] = (scene.requests()[1]?.messages.at(-1)?.content ?? []).map((block) => JSON.stringify(block));
    expect(first).toContain('\u2400');
    expect(second).toContain('\u2400');
    expect((await scene.events()).find((event) => event.type === 'tool.chunk')?.data.chunk).toEqual({ part: SAFE });
  });

  it('as the name of a tool is not a call', async () => {
    const content = [{ type: 'tool_use' as const, name: 'a\u0000b\ud800', input: {} }];
    const scene = await harness.open({ script: [{ type: 'message', content }, say('done')] });
    expect(await scene.run()).toBe('completed');
  });

  it('that reaches Postgres all the same fails its task for good, and no other', async () => {
    const tool = probeTool('act', async (_, context) => {
      await context.artifact('a', { mediaType: 'text/\u0000' });
    });
    const [bad, good] = await Promise.all([
      harness.open({ tools: [tool], script: [call('act', [{}]), say('done')] }),
      harness.open({ tools: [probeTool('act', () => 1)], script: [call('act', [{}]), say('done')] }),
    ]);
    expect(await Promise.all([bad.run(), good.run()])).toEqual(['failed', 'completed']);
    expect(await bad.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'internal' } });
  });

  it('in what fails the task is in the dead letter', async () => {
    const scene = await harness.open({ script: [{ type: 'error', status: 400, message: ODD }] });
    expect(await scene.run()).toBe('failed');
    expect((await scene.deadLetter())?.failure.message).toContain('nul');
  });
});

describe('a big tool result', () => {
  it('of 200 KB reaches the model as far as it may, and the journal once', async () => {
    const tool = probeTool('big', () => 'x'.repeat(200_000), { annotations: PURE });
    const scene = await harness.open({
      tools: [tool],
      contextWindowTokens: 200_000,
      agent: { model: 'claude-test' },
      script: [call('big'), say('done')],
    });
    expect(await scene.run()).toBe('completed');
    const [result] = scene.requests()[1]?.messages.at(-1)?.content ?? [];
    const text = ((result?.content ?? []) as { text: string }[]).map((part) => part.text).join('\n');
    expect(text.length).toBeGreaterThan(99_000);
    expect(text).toMatch(/the first 100000 of 200000 bytes/);
  });
});

describe('the journal', () => {
  it('grows with the number of calls, not with its square', async () => {
    const bytesOf = async (calls: number) => {
      const tool = probeTool('read', () => 'y'.repeat(5_000), { annotations: PURE });
      const scene = await harness.open({
        tools: [tool],
        contextWindowTokens: 1_000_000,
        agent: { model: 'claude-test' },
        script: [...Array.from({ length: calls }, (_, n) => call('read', [{ n }])), say('done')],
      });
      expect(await scene.run()).toBe('completed');
      const { rows } = await harness.pool.query<{ bytes: number }>(
        'select sum(length(content))::integer as bytes from task_steps where task_id = $1',
        [toUuid(scene.taskId)],
      );
      return rows[0]?.bytes ?? 0;
    };
    const [ten, hundred] = [await bytesOf(10), await bytesOf(100)];
    expect(hundred).toBeLessThan(2_000_000);
    expect(hundred / ten).toBeGreaterThan(9);
    expect(hundred / ten).toBeLessThan(11);
  });
});
