import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Epoch, Scene } from '../../support/agent-scene.ts';
import { PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const WINDOW = 8_000;
const findInfo = () => ({
  contextWindowTokens: WINDOW,
  maxOutputTokens: 1_000,
  price: { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 },
});

/** Texts whose tokens our estimate sees very differently from the server's tokenizer. */
const TEXTS = {
  words: 'The quick brown fox jumps over the lazy dog and runs away. ',
  numbers: '4711 0815 31.12.2026 1,234,567.89 EUR; ',
  chinese: '敏捷的棕色狐狸跳过懒狗然后跑开了。',
  emoji: '👩‍👩‍👧‍👦🎈🧪 ',
  code: 'if(a[i]!==b&&(c||!d)){e=>{f?.g??h};}//@#$%^\n',
  georgian: 'სწრაფი ყავისფერი მელა ახტება ზარმაც ძაღლს. ',
};

/** Calls until the server's own count has reached so many turns, a note with each. */
function longScript(turns: number, parallel: number) {
  return [
    ...Array.from({ length: turns }, (_, turn) => ({
      type: 'message' as const,
      content: [
        { type: 'text' as const, text: `Note ${turn}: page ${turn} read.` },
        ...Array.from({ length: parallel }, (_, n) => ({ type: 'tool_use' as const, name: 'read', input: { n } })),
      ],
    })),
    say('done'),
  ];
}

function readTool(text: string, chars: number) {
  return probeTool('read', (input) => `${input.n}: ${text.repeat(Math.ceil(chars / text.length))}`, {
    annotations: PURE,
  });
}

function tokensOf(scene: Scene): number[] {
  return scene.server.requests.flatMap(({ verdict }) => ('inputTokens' in verdict ? [verdict.inputTokens] : []));
}

describe('a conversation longer than the window', () => {
  it.each(Object.entries(TEXTS))('of %s never exceeds the window, and loses old results first', async (_, text) => {
    const scene = await harness.open({
      contextWindowTokens: WINDOW,
      provider: { findInfo },
      tools: [readTool(text, 4_000)],
      script: longScript(20, 1),
    });
    expect(await scene.run()).toBe('completed');
    expect(Math.max(...tokensOf(scene))).toBeLessThanOrEqual(WINDOW);
    const events = await scene.events();
    expect(events.some((event) => event.type === 'context.truncated')).toBe(true);
    const last = JSON.stringify(scene.requests().at(-1)?.messages);
    expect(last.includes('Do it') && last.includes('Note 19')).toBe(true);
    expect(/\[(truncated|pruned): /.test(last)).toBe(true);
  });

  it('of many results in every turn is pruned, keeping the notes of the turns left out', async () => {
    const scene = await harness.open({
      contextWindowTokens: WINDOW,
      provider: { findInfo },
      tools: [readTool(TEXTS.words, 3_000)],
      script: longScript(30, 4),
    });
    expect(await scene.run()).toBe('completed');
    const pruned = (await scene.events()).filter((event) => event.type === 'context.pruned');
    expect(pruned.length).toBeGreaterThan(0);
    const last = JSON.stringify(scene.requests().at(-1)?.messages);
    expect(/\[pruned: \d+ earlier turns/.test(last) && last.includes('Note 20')).toBe(true);
    expect(Math.max(...tokensOf(scene))).toBeLessThanOrEqual(WINDOW);
  });

  it("fits after a crash as well, when the tokenizer's measure is forgotten", async () => {
    let epoch: Epoch | undefined;
    let ran = 0;
    const tool = probeTool(
      'read',
      async () => {
        if (++ran % 6 === 0) await epoch?.crash();
        return TEXTS.georgian.repeat(100);
      },
      { annotations: PURE },
    );
    const scene = await harness.open({
      contextWindowTokens: WINDOW,
      provider: { findInfo },
      tools: [tool],
      script: longScript(16, 1),
    });
    for (let end = 'fenced'; end === 'fenced'; ) {
      epoch = await scene.start();
      end = await epoch.outcome;
      if (end !== 'fenced') expect(end).toBe('completed');
    }
    expect(JSON.stringify(scene.requests().at(-1)?.messages).includes('Note 15')).toBe(true);
  });

  it('whose prompt alone is too long is a permanent failure, without a call', async () => {
    const scene = await harness.open({
      contextWindowTokens: WINDOW,
      provider: { findInfo },
      input: { text: TEXTS.words.repeat(1_000) },
      script: [],
    });
    expect(await scene.run()).toBe('failed');
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'context_exhausted' } });
    expect(scene.requests()).toEqual([]);
  });

  it('that the provider finds too long although we did not is shortened and sent again', async () => {
    const scene = await harness.open({
      contextWindowTokens: WINDOW,
      provider: { findInfo: () => ({ ...findInfo(), contextWindowTokens: 4 * WINDOW }) },
      tools: [readTool(TEXTS.words, 10_000)],
      script: longScript(6, 1),
    });
    expect(await scene.run()).toBe('completed');
    expect(scene.server.requests.some(({ verdict }) => verdict.kind === 'too_long')).toBe(true);
    expect((await scene.task()).attempts).toBe(0);
  });
});
