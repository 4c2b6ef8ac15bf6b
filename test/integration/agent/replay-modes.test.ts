import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toUuid } from '../../../packages/domain/src/index.ts';
import { markPurgedTasks } from '../../../packages/store/src/index.ts';
import { FatalToolError } from '../../../packages/tools/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Scene } from '../../support/agent-scene.ts';
import { call, KEYED, probeTool, say } from '../../support/probe-tool.ts';
import { sayTo } from '../../support/tell-task.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

interface Effect {
  key: string;
  n: number | undefined;
}

/** A finished run of three turns: two calls, one call, an answer. */
async function openFinished(effects: Effect[], agent = {}): Promise<Scene> {
  const tool = probeTool(
    'act',
    (input, context) => {
      effects.push({ key: context.idempotencyKey, n: input.n });
      return `done ${input.n}`;
    },
    { annotations: KEYED },
  );
  const scene = await harness.open({
    agent,
    tools: [tool],
    script: (_, { turn }) =>
      turn === 1 ? call('act', [{ n: 1 }, { n: 2 }]) : turn === 2 ? call('act', [{ n: 3 }]) : say(`turn ${turn}`),
  });
  expect(await scene.run()).toBe('completed');
  return scene;
}

/** The step of the n-th call, as the newest run sees it. */
async function stepOf(scene: Scene, n: number) {
  const steps = (await scene.steps()).filter((step) => step.kind === 'tool');
  const step = steps[n - 1];
  if (!step) throw new Error(`no call ${n}`);
  return step;
}

describe('a replay from a step', () => {
  it('keeps what stands before the step, and runs it and everything after it again under new keys', async () => {
    const effects: Effect[] = [];
    const scene = await openFinished(effects);
    const second = await stepOf(scene, 2);
    const usage = (await scene.task()).usage;
    expect(await scene.replay({ mode: 'from_step', stepId: second.id })).toMatchObject({ kind: 'replayed', run: 2 });
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 3, 2, 3]);
    expect(new Set(effects.map((effect) => effect.key)).size).toBe(5);
    expect(scene.requests()).toHaveLength(5); // the first turn was kept
    const steps = await scene.steps();
    expect(steps.map((step) => [step.stepKey.split(':')[0], step.run])).toEqual([
      ['t1', 1],
      ['t1', 1],
      ['t1', 2],
      ['t2', 2],
      ['t2', 2],
      ['t3', 2],
    ]);
    const { usage: total, run } = await scene.task();
    expect(run).toBe(2);
    expect(total?.tool_calls).toBe((usage?.tool_calls ?? 0) + 2);
    expect(total?.turns).toBe((usage?.turns ?? 0) + 2);
    const replayed = (await scene.events()).find((event) => event.type === 'task.replayed');
    expect(replayed?.data).toMatchObject({ run: 2, mode: 'from_step', from_step: second.id });
  });

  it('that is a turn asks the model again, with what came before', async () => {
    const effects: Effect[] = [];
    const scene = await openFinished(effects);
    const turn = (await scene.steps()).find((step) => step.stepKey === 't2');
    await scene.replay({ mode: 'from_step', stepId: turn?.id });
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 3, 3]);
    expect(scene.requests()[3]?.messages).toEqual(scene.requests()[1]?.messages);
  });

  it('can itself be resumed and replayed: each run sees what it continues', async () => {
    const effects: Effect[] = [];
    const scene = await openFinished(effects);
    await scene.replay({ mode: 'from_step', stepId: (await stepOf(scene, 3)).id });
    expect(await scene.run()).toBe('completed');
    await scene.replay();
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 3, 3]);
    expect(scene.requests()).toHaveLength(4);
    await scene.replay({ mode: 'from_step', stepId: (await stepOf(scene, 2)).id });
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 3, 3, 2, 3]);
    expect((await scene.task()).usage?.tool_calls).toBe(6);
  });

  it('refuses a step that the newest run cannot see', async () => {
    const scene = await openFinished([]);
    const dropped = await stepOf(scene, 3);
    await scene.replay({ mode: 'from_step', stepId: (await stepOf(scene, 1)).id });
    expect(await scene.run()).toBe('completed');
    expect(await scene.replay({ mode: 'from_step', stepId: dropped.id })).toMatchObject({ kind: 'no_such_step' });
  });
});

describe('a restart', () => {
  it('keeps nothing but the usage', async () => {
    const effects: Effect[] = [];
    const scene = await openFinished(effects);
    await scene.replay({ mode: 'restart' });
    expect(await scene.run()).toBe('completed');
    expect(effects.map((effect) => effect.n)).toEqual([1, 2, 3, 1, 2, 3]);
    expect(new Set(effects.map((effect) => effect.key)).size).toBe(6);
    expect(scene.requests()[3]?.messages).toEqual(scene.requests()[0]?.messages);
    expect((await scene.task()).usage).toMatchObject({ turns: 6, tool_calls: 6 });
    await scene.replay();
    expect(await scene.run()).toBe('completed'); // the restarted run is whole in itself
    expect(effects).toHaveLength(6);
    expect((await scene.task()).usage).toMatchObject({ turns: 6, tool_calls: 6 });
  });

  it('ends though retention took what the task was told before', async () => {
    const scene = await harness.open({ script: () => say('done') });
    await sayTo(harness.pool, scene, 'Hello.');
    expect(await scene.run()).toBe('completed');
    await harness.pool.query("update tasks set finished_at = now() - interval '2 days' where id = $1", [
      toUuid(scene.taskId),
    ]);
    expect(await markPurgedTasks(harness.pool, 1, 24 * 3_600_000)).toBe(1);
    expect(await scene.replay()).toMatchObject({ kind: 'journal_gone' });
    expect(await scene.replay({ mode: 'restart' })).toMatchObject({ kind: 'replayed' });
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()).toHaveLength(2);
  });

  it('is one replay for two clicks at once, and another mode is told that it came too late', async () => {
    const scene = await openFinished([]);
    const answers = await Promise.all(Array.from({ length: 8 }, () => scene.replay({ mode: 'restart', run: 1 })));
    expect(answers.map((answer) => answer?.kind).sort()).toEqual(['replayed', ...Array(7).fill('same')]);
    expect(await scene.replay({ run: 1 })).toMatchObject({ kind: 'otherwise', run: 2, mode: 'restart' });
    expect((await scene.events()).filter((event) => event.type === 'task.replayed')).toHaveLength(1);
  });
});

describe('a resume', () => {
  it('takes up a call that failed the task under its key, where a restart makes a new one', async () => {
    const keys: string[] = [];
    const tool = probeTool(
      'act',
      (_, context) => {
        keys.push(context.idempotencyKey);
        throw new FatalToolError('no');
      },
      { annotations: KEYED },
    );
    const scene = await harness.open({ tools: [tool], script: () => call('act', [{ n: 1 }]) });
    for (const mode of ['resume', 'restart', 'resume'] as const) {
      expect(await scene.run()).toBe('failed');
      expect(await scene.replay({ mode })).toMatchObject({ kind: 'replayed' });
    }
    expect(await scene.run()).toBe('failed');
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(keys[3]).toBe(keys[2]);
  });
});

describe('the journal version of an agent', () => {
  it('fails a task whose journal it cannot continue, until that is replayed by restart', async () => {
    const effects: Effect[] = [];
    const scene = await openFinished(effects, { journalVersion: 2 });
    expect(await scene.replay({ journalVersions: { tester: 3 } })).toMatchObject({ kind: 'journal_version' });
    await harness.pool.query('update tasks set journal_version = 1 where id = $1', [toUuid(scene.taskId)]);
    await scene.replay();
    expect(await scene.run()).toBe('failed');
    expect(await scene.task()).toMatchObject({ failure: { code: 'journal_version_mismatch' } });
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent' });
    expect(effects).toHaveLength(3);
    await scene.replay({ mode: 'restart', journalVersions: { tester: 2 } });
    expect(await scene.run()).toBe('completed');
    expect(effects).toHaveLength(6);
    expect(await scene.replay({ journalVersions: { tester: 2 } })).toMatchObject({ kind: 'replayed' });
  });
});
