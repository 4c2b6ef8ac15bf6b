import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EffectClass } from '../../../packages/domain/src/index.ts';
import type { ToolContext, ToolDefinition, Verification } from '../../../packages/tools/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Epoch, Scene } from '../../support/agent-scene.ts';
import { eventually } from '../../support/eventually.ts';
import { call, KEYED, type ProbeInput, PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
let folder: string;
beforeAll(async () => {
  harness = await createAgentHarness();
  await harness.pool.query('create table bookings (key text)');
  folder = mkdtempSync(path.join(tmpdir(), 'nightshift-effects-'));
});
afterEach(() => harness.closeScenes());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await harness.close();
});

/** Where a worker dies. Each is a moment at which the journal and the world agree about less than the next epoch would like. */
const POINTS = ['before_intent', 'before_effect', 'after_effect', 'after_result'] as const;
type Point = (typeof POINTS)[number];

/** How often the effect is in the world in the end, and what the model is told. */
type Expected = { effects: number; told: 'done' | 'unknown' };

const ONCE: Expected = { effects: 1, told: 'done' };
const UNKNOWN_WITH: Expected = { effects: 1, told: 'unknown' };
const UNKNOWN_WITHOUT: Expected = { effects: 0, told: 'unknown' };

/** Effects of `keyed` calls are counted by key, as a callee that honours the key does; a `pure` call may be seen twice. */
const EXPECTED: Record<EffectClass, Record<Point, Expected>> = {
  pure: { before_intent: ONCE, before_effect: ONCE, after_effect: { effects: 2, told: 'done' }, after_result: ONCE },
  keyed: { before_intent: ONCE, before_effect: ONCE, after_effect: ONCE, after_result: ONCE },
  transaction: { before_intent: ONCE, before_effect: ONCE, after_effect: ONCE, after_result: ONCE },
  verifiable: { before_intent: ONCE, before_effect: ONCE, after_effect: ONCE, after_result: ONCE },
  unsafe: { before_intent: ONCE, before_effect: UNKNOWN_WITHOUT, after_effect: UNKNOWN_WITH, after_result: ONCE },
};

/**
 * The world outside of Nightshift: a file of effects, one key a line, that the tools write and nobody of ours reads. The
 * effects of a transaction are in its table, which is asked by a connection of the test.
 */
class World {
  readonly file: string;

  constructor(name: string) {
    this.file = path.join(folder, name);
    writeFileSync(this.file, '');
  }

  keys(): string[] {
    return readFileSync(this.file, 'utf8').split('\n').filter(Boolean);
  }

  act(key: string): void {
    writeFileSync(this.file, `${key}\n`, { flag: 'a' });
  }

  async count(effectClass: EffectClass): Promise<number> {
    if (effectClass === 'keyed') return new Set(this.keys()).size;
    if (effectClass !== 'transaction') return this.keys().length;
    return (await harness.pool.query('select from bookings')).rowCount ?? 0;
  }
}

/** Dies once at a point: the first to reach it hangs there for ever, as a process that is killed. */
class Trap {
  readonly #point: Point;
  isSprung = false;

  constructor(point: Point) {
    this.#point = point;
  }

  async reach(point: Point): Promise<void> {
    if (this.isSprung || point !== this.#point) return;
    this.isSprung = true;
    await new Promise(() => undefined);
  }
}

function declare(effectClass: EffectClass, world: World): Partial<ToolDefinition> {
  const verify = async (key: string): Promise<Verification> =>
    world.keys().includes(key) ? { kind: 'happened', output: 'done' } : { kind: 'did_not_happen' };
  const declared: Record<EffectClass, Partial<ToolDefinition>> = {
    pure: { annotations: PURE },
    keyed: { annotations: KEYED },
    transaction: { effect: 'transaction' },
    verifiable: { verify },
    unsafe: {},
  };
  return declared[effectClass];
}

/** A tool of the class whose effect the world sees, with the trap before and after it. */
function actingTool(effectClass: EffectClass, world: World, trap: Trap) {
  const act = async (context: ToolContext) => {
    if (effectClass !== 'transaction') return world.act(context.idempotencyKey);
    await context.transaction((db) => db.query('insert into bookings values ($1)', [context.idempotencyKey]));
  };
  const execute = async (_: ProbeInput, context: ToolContext) => {
    await trap.reach('before_effect');
    await act(context);
    await trap.reach('after_effect');
    return 'done';
  };
  return probeTool('act', execute, declare(effectClass, world));
}

/** The text of what the model was told about the call. */
function toldOf(scene: Scene): string {
  return JSON.stringify(scene.requests().at(-1)?.messages.at(-1)?.content);
}

describe.each(Object.keys(EXPECTED) as EffectClass[])('a worker that dies during a %s call', (effectClass) => {
  it.each(POINTS)('%s leaves the world and the model with the truth', async (point) => {
    await harness.pool.query('delete from bookings');
    const world = new World(`${effectClass}-${point}`);
    const trap = new Trap(point);
    let asked = 0;
    let epoch: Epoch | undefined;
    const scene = await harness.open({
      tools: [actingTool(effectClass, world, trap)],
      async script() {
        asked++;
        if (asked === 2) await trap.reach('after_result');
        // A stop at the boundary after the journaled turn, which the next epoch takes up.
        if (asked === 1 && point === 'before_intent') (await eventually('the epoch', () => epoch)).shutdown();
        return asked === 1 ? call('act') : say('done');
      },
    });
    epoch = await scene.start();
    if (point === 'before_intent') {
      expect(await epoch.outcome).toBe('queued');
      expect((await scene.steps()).map((step) => step.stepKey)).toEqual(['t1']);
    } else {
      await eventually('the trap to be sprung', () => trap.isSprung);
      await epoch.crash();
      expect(await epoch.outcome).toBe('fenced');
    }
    expect(await scene.run()).toBe('completed');
    const expected = EXPECTED[effectClass][point];
    expect(await world.count(effectClass)).toBe(expected.effects);
    expect(toldOf(scene)).toMatch(expected.told === 'done' ? /"text":"done"/ : /not known: verify/);
    const steps = (await scene.steps()).filter((step) => step.kind === 'tool');
    expect(steps).toMatchObject([{ status: expected.told, effectClass }]);
    await scene.events(); // dense, epochs in order
  });
});

describe('a call whose tool verifies it', () => {
  it.each<[string, () => Promise<Verification>]>([
    ['cannot tell', async () => ({ kind: 'cannot_tell' })],
    ['fails in its check', () => Promise.reject(new Error('the ledger is closed'))],
    ['answers nonsense', async () => ({ kind: 'perhaps' }) as never],
  ])('is unknown when the tool %s', async (name, answer) => {
    const world = new World(`verify-${name}`);
    const trap = new Trap('after_effect');
    const tool = {
      ...actingTool('unsafe', world, trap),
      effectClass: 'verifiable' as const,
      verify: (_: string) => answer(),
    };
    const scene = await harness.open({ tools: [tool], script: [call('act'), say('done')] });
    const epoch = await scene.start();
    await eventually('the effect', () => trap.isSprung);
    await epoch.crash();
    expect(await scene.run()).toBe('completed');
    expect(world.keys()).toHaveLength(1);
    expect(toldOf(scene)).toMatch(/not known: verify/);
  });
});

describe('a tool with onUnknownOutcome "fail"', () => {
  it('ends the task in a dead letter; a resumed run does not act again either, and tells the model', async () => {
    const world = new World('fail');
    const trap = new Trap('after_effect');
    const tool = { ...actingTool('unsafe', world, trap), onUnknownOutcome: 'fail' as const };
    const scene = await harness.open({ tools: [tool], script: [call('act'), say('done')] });
    const epoch = await scene.start();
    await eventually('the effect', () => trap.isSprung);
    await epoch.crash();
    expect(await scene.run()).toBe('failed');
    expect(await scene.deadLetter()).toMatchObject({ reason: 'unknown_outcome', retryStopped: 'non_retryable' });
    expect(scene.requests()).toHaveLength(1);
    await scene.replay();
    expect(await scene.run()).toBe('completed');
    expect(world.keys()).toHaveLength(1);
    expect(toldOf(scene)).toMatch(/not known: verify/);
  });
});
