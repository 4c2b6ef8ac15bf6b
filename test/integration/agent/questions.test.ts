import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { findOpenQuestions } from '../../../packages/store/src/index.ts';
import { createAskHuman } from '../../../packages/tools/src/catalog/ask-human.ts';
import { createWaitUntil } from '../../../packages/tools/src/catalog/wait-until.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Epoch, Scene } from '../../support/agent-scene.ts';
import { eventually } from '../../support/eventually.ts';
import { call, probeTool, say } from '../../support/probe-tool.ts';
import { answerTo, sayTo } from '../../support/tell-task.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const QUESTION = { question: 'Which of the two?', choices: ['this', 'that'] };

function openAsking(): Promise<Scene> {
  // By turn: a turn that a crash cut short is asked for again.
  const script = (_: unknown, { turn }: { turn: number }) => (turn === 1 ? call('ask_human', [QUESTION]) : say('done'));
  return harness.open({ tools: [createAskHuman()], script });
}

async function typesOf(scene: Scene): Promise<string[]> {
  return (await scene.events()).map((event) => event.type);
}

/** What the model was told as results of its calls, in the newest request. */
function toldResults(scene: Scene): unknown[] {
  const blocks =
    scene
      .requests()
      .at(-1)
      ?.messages.flatMap((message) => message.content) ?? [];
  return blocks.filter((block) => block.type === 'tool_result').map((block) => block.content);
}

describe('a question', () => {
  it('parks the task with what is asked; its answer is what the model reads', async () => {
    const scene = await openAsking();
    expect(await scene.run()).toBe('waiting');
    expect(await scene.task()).toMatchObject({
      status: 'waiting',
      waitingFor: 'input',
      wakeAt: undefined,
      attempts: 0,
    });
    expect((await scene.events()).at(-1)).toMatchObject({
      type: 'task.waiting',
      data: {
        waiting_for: 'input',
        questions: [{ prompt: QUESTION.question, schema: { enum: QUESTION.choices }, tool: 'ask_human' }],
      },
    });
    expect(await answerTo(harness.pool, scene, 'that')).toMatchObject({ kind: 'told', status: 'queued' });
    expect(await scene.run()).toBe('completed');
    expect(toldResults(scene)).toEqual([[{ type: 'text', text: 'that' }]]);
    expect((await typesOf(scene)).filter((type) => type === 'input.requested')).toHaveLength(1);
    expect((await scene.task()).usage).toMatchObject({ turns: 2, tool_calls: 1 });
  });

  it('that is answered between the look and the parking does not park', async () => {
    let scene: Scene | undefined;
    const answers = probeTool('act', async () => {
      const asking = await eventually('the scene', () => scene);
      await eventually('the question', () => answerTo(harness.pool, asking, 'this'));
      return 1;
    });
    const turn = call('ask_human', [QUESTION]);
    turn.content.push({ type: 'tool_use', name: 'act', input: {} });
    scene = await harness.open({ tools: [createAskHuman(), answers], script: [turn, say('done')] });
    expect(await scene.run()).toBe('completed');
    expect(await typesOf(scene)).not.toContain('task.waiting');
    expect(toldResults(scene)[0]).toEqual([{ type: 'text', text: 'this' }]);
  });

  it('is open no more when a replay drops its step: an answer to it would be read by nobody', async () => {
    const scene = await openAsking();
    expect(await scene.run()).toBe('waiting');
    const [dropped] = await findOpenQuestions(harness.pool, scene.taskId);
    await scene.cancel();
    await scene.replay({ mode: 'restart' });
    expect(await findOpenQuestions(harness.pool, scene.taskId)).toEqual([]);
    expect(await scene.run()).toBe('waiting');
    const open = await findOpenQuestions(harness.pool, scene.taskId);
    expect(open).toHaveLength(1);
    expect(open[0]?.key).not.toBe(dropped?.key);
    await scene.cancel();
    await scene.replay(); // keeps the step, and with it the question
    expect((await findOpenQuestions(harness.pool, scene.taskId)).map(({ key }) => key)).toEqual([open[0]?.key]);
    expect(await answerTo(harness.pool, scene, 'that')).toMatchObject({ kind: 'told' });
    expect(await scene.run()).toBe('completed');
    expect(toldResults(scene)).toEqual([[{ type: 'text', text: 'that' }]]);
  });

  it('is asked once and its answer used once, wherever the worker dies', async () => {
    const ends = new Set<string>();
    for (let crashAt = 1; crashAt <= 20; crashAt++) {
      const scene = await openAsking();
      let answered = false;
      for (let epochs = 0; ; epochs++) {
        expect(epochs).toBeLessThan(10);
        const epoch = await scene.start();
        const end = await endOrCrash(scene, epoch, crashAt);
        ends.add(end);
        // A flush that was under way at the crash may have ended the epoch, whatever became of its answer.
        const { status } = await scene.task();
        if (status === 'completed') break;
        if (status === 'waiting') {
          expect(await answerTo(harness.pool, scene, 'that')).toMatchObject({ kind: 'told', status: 'queued' });
          answered = true;
        }
      }
      expect(answered).toBe(true);
      const types = await typesOf(scene);
      expect(types.filter((type) => type === 'input.requested')).toHaveLength(1);
      expect(types.filter((type) => type === 'input.received')).toHaveLength(1);
      expect(toldResults(scene)).toEqual([[{ type: 'text', text: 'that' }]]);
      if (crashAt > types.length) break;
    }
    expect(ends).toContain('crashed');
  }, 60_000);

  it('of an unsafe tool is repeated up to the question, and what follows it never', async () => {
    const done: string[] = [];
    let crash = async () => {};
    const tool = probeTool('send', async (_, context) => {
      const answer = await context.requestInput(z.string(), 'Shall I?');
      done.push(answer);
      await crash();
      return answer;
    });
    const scene = await harness.open({ tools: [tool], script: [call('send'), say('done')] });
    expect(await scene.run()).toBe('waiting');
    await answerTo(harness.pool, scene, 'yes');
    let epoch: Epoch | undefined;
    crash = async () => {
      await (await eventually('the epoch', () => epoch)).crash();
    };
    epoch = await scene.start();
    expect(await epoch.outcome).toBe('fenced');
    expect(await scene.run()).toBe('completed');
    expect(done).toEqual(['yes']);
    expect(JSON.stringify(toldResults(scene))).toContain('Whether it took effect is not known');
  });

  it('whose answer passes the door and not the schema is told to the model', async () => {
    const even = z.number().refine((n) => n % 2 === 0, { error: 'it must be even' });
    const tool = probeTool('act', (_, context) => context.requestInput(even, 'A number?'));
    const scene = await harness.open({ tools: [tool], script: [call('act'), say('done')] });
    expect(await scene.run()).toBe('waiting');
    await answerTo(harness.pool, scene, 3);
    expect(await scene.run()).toBe('completed');
    expect(JSON.stringify(toldResults(scene))).toContain('it must be even');
  });

  it('is answered once, however often and at once the answer comes', async () => {
    const scene = await openAsking();
    await scene.run();
    const answers = await Promise.all(['this', 'that', 'this'].map((answer) => answerTo(harness.pool, scene, answer)));
    expect(answers.filter((answer) => answer?.kind === 'told')).toHaveLength(1);
    expect((await typesOf(scene)).filter((type) => type === 'input.received')).toHaveLength(1);
  });
});

/** One epoch, to its end or to the moment at which the log has so many events. */
async function endOrCrash(scene: Scene, epoch: Epoch, crashAt: number): Promise<string> {
  const before = (await scene.events()).length;
  if (before > crashAt) return epoch.outcome;
  const end = epoch.outcome.then((outcome) => ({ outcome }));
  for (;;) {
    const ended = await Promise.race([
      end,
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (ended) return ended.outcome;
    if ((await scene.events()).length >= crashAt) {
      await epoch.crash();
      const outcome = await epoch.outcome;
      return outcome === 'fenced' ? 'crashed' : outcome;
    }
  }
}

describe('a message', () => {
  it('to a running task joins the next turn, after the results, and stays there after a crash', async () => {
    let scene: Scene | undefined;
    const tool = probeTool('act', async () => {
      await sayTo(harness.pool, await eventually('the scene', () => scene), 'And hurry.');
      return 'fine';
    });
    let crash = async () => {};
    scene = await harness.open({
      tools: [tool],
      async script(_, { turn }) {
        if (turn === 1) return call('act');
        if (turn === 2) return call('act');
        await crash();
        return say('done');
      },
    });
    const opened = scene;
    const epoch = await opened.start();
    crash = async () => {
      crash = async () => {};
      await epoch.crash();
    };
    expect(await epoch.outcome).toBe('fenced');
    expect(await opened.run()).toBe('completed');
    const [, second, third, again] = opened.requests().map((request) => request.messages);
    expect(second?.at(-1)?.content).toMatchObject([{ type: 'tool_result' }, { type: 'text', text: 'And hurry.' }]);
    expect(third?.slice(0, second?.length)).toEqual(second);
    expect(again).toEqual(third);
  });

  it('that comes while the model gives its answer gets a turn of its own', async () => {
    let scene: Scene | undefined;
    scene = await harness.open({
      async script(_, { turn }) {
        if (turn > 1) return say('I see.');
        await sayTo(harness.pool, await eventually('the scene', () => scene), 'One more thing.');
        return say('done');
      },
    });
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).result).toEqual({ text: 'I see.' });
    expect(scene.requests().at(-1)?.messages.at(-1)?.content).toMatchObject([{ text: 'One more thing.' }]);
  });

  it('to a task that waits for an answer does not wake it, and is read with the answer', async () => {
    const scene = await openAsking();
    await scene.run();
    expect(await sayTo(harness.pool, scene, 'I am thinking.')).toMatchObject({ kind: 'told', status: 'waiting' });
    await answerTo(harness.pool, scene, 'this');
    expect(await scene.run()).toBe('completed');
    expect(scene.requests().at(-1)?.messages.at(-1)?.content).toMatchObject([
      { type: 'tool_result' },
      { type: 'text', text: 'I am thinking.' },
    ]);
  });

  it('to a task that was not started joins the first message', async () => {
    const scene = await harness.open({ script: [say('done')] });
    await sayTo(harness.pool, scene, 'Before you start.');
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()[0]?.messages).toMatchObject([{ content: [{}, { text: 'Before you start.' }] }]);
  });
});

describe('wait_until', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('spends a long wait outside of the slot, and goes on at its time', async () => {
    const at = new Date(Date.now() + 3_600_000);
    const script = [call('wait_until', [{ at: at.toISOString() }]), say('done')];
    const scene = await harness.open({ tools: [createWaitUntil()], script });
    expect(await scene.run()).toBe('waiting');
    const { waitingFor, wakeAt = new Date(0) } = await scene.task();
    expect(waitingFor).toBe('schedule');
    expect(Math.abs(wakeAt.getTime() - at.getTime())).toBeLessThan(10_000);
    vi.useFakeTimers({ toFake: ['Date'], now: at.getTime() + 1 });
    await scene.wake();
    expect(await scene.run()).toBe('completed');
    expect(JSON.stringify(toldResults(scene))).toContain(at.toISOString().slice(0, 15));
  });
});
