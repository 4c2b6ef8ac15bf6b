import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createFailure } from '../../../packages/domain/src/index.ts';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import type { Scene } from '../../support/agent-scene.ts';
import { say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const limited = (headers: Record<string, string> = {}) => ({ type: 'error' as const, status: 429, headers });
const overloaded = { type: 'error' as const, status: 529 };

async function codesOf(scene: Scene, type: string) {
  return (await scene.events()).filter((event) => event.type === type).map((event) => event.data.code);
}

describe('a rate limit', () => {
  it('with a short wait is waited for in the slot, never shorter than asked', async () => {
    const scene = await harness.open({ script: [limited({ 'retry-after-ms': '300' }), say('done')] });
    const startedAt = performance.now();
    expect(await scene.run()).toBe('completed');
    expect(performance.now() - startedAt).toBeGreaterThan(290);
    expect(await codesOf(scene, 'model.retry')).toEqual(['model_rate_limited']);
  });

  it.each([
    ['seconds', '120', 120_000],
    ['a date', () => new Date(Date.now() + 120_000).toUTCString(), 120_000],
    ['24 days', String(2 ** 31), 900_000],
  ])('with a long wait given as %s parks the task, and no attempt is lost', async (_, value, waitMs) => {
    const retryAfter = typeof value === 'string' ? value : value();
    const scene = await harness.open({ script: [limited({ 'retry-after': retryAfter }), say('done')] });
    expect(await scene.run()).toBe('waiting');
    const task = await scene.task();
    expect(task).toMatchObject({ status: 'waiting', waitingFor: 'rate_limit', attempts: 0 });
    const waits = Number(task.wakeAt?.getTime()) - Date.now();
    expect(waits).toBeGreaterThan(waitMs - 5_000);
    expect(waits).toBeLessThanOrEqual(waitMs);
    await scene.wake();
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).attempts).toBe(0);
  });

  it.each(['0', '-5', 'soon', ''])(
    'with the nonsense "%s" as its wait is tried again by our own backoff',
    async (value) => {
      const scene = await harness.open({ script: [limited({ 'retry-after': value }), say('done')] });
      expect(await scene.run()).toBe('completed');
    },
  );

  it('that goes on and on parks the task again and again, and costs neither an attempt nor the breaker', async () => {
    const scene = await harness.open({ script: [...Array.from({ length: 12 }, () => limited()), say('done')] });
    for (let round = 1; round <= 3; round++) {
      expect(await scene.run()).toBe('waiting');
      expect(await scene.task()).toMatchObject({ waitingFor: 'rate_limit', attempts: 0 });
      expect(scene.requests()).toHaveLength(4 * round);
      await scene.wake();
    }
    expect(await scene.run()).toBe('completed');
    expect(await codesOf(scene, 'model.breaker_opened')).toEqual([]);
  });

  it('in whose text tokens are too many is a rate limit, not a conversation that is too long', async () => {
    const reply = { ...limited(), message: 'Too many tokens: this would exceed the context of your rate limit' };
    const scene = await harness.open({ script: [reply, say('done')] });
    expect(await scene.run()).toBe('completed');
    expect(await codesOf(scene, 'model.retry')).toEqual(['model_rate_limited']);
  });
});

describe('an outage', () => {
  it('opens the breaker, parks the task without an attempt, and one probe ends it', async () => {
    const scene = await harness.open({ script: [{ replies: [overloaded], repeat: true }] });
    expect(await scene.run()).toBe('waiting'); // 4 tries, a failed attempt
    expect(await scene.task()).toMatchObject({ waitingFor: 'retry', attempts: 1 });
    await scene.wake();
    expect(await scene.run()).toBe('waiting'); // the fifth failure in a row
    expect(await scene.task()).toMatchObject({ waitingFor: 'provider', attempts: 1 });
    expect(await codesOf(scene, 'model.breaker_opened')).toEqual(['model_overloaded']);
    const before = scene.requests().length;
    await scene.wake();
    expect(await scene.run()).toBe('waiting'); // refused by the breaker
    expect(scene.requests()).toHaveLength(before);
    expect(await scene.task()).toMatchObject({ waitingFor: 'provider', attempts: 1 });
    scene.clock.aheadMs += 11_000;
    await scene.wake();
    expect(await scene.run()).toBe('waiting'); // the probe fails
    expect(scene.requests()).toHaveLength(before + 1);
    scene.server.script.set([say('done')]);
    scene.clock.aheadMs += 11_000;
    await scene.wake();
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()).toHaveLength(before + 2);
    expect((await scene.breakers.state('model:local-extractive-1')).kind).toBe('closed');
    expect((await scene.task()).attempts).toBe(1);
  });
});

describe('a task that wakes up while another one probes the provider', () => {
  it('looks again soon, not when the probe must have ended', async () => {
    const scene = await harness.open({ script: [say('done')] });
    const key = 'model:local-extractive-1';
    for (let i = 0; i < 5; i++) await scene.breakers.failed(key, createFailure('model_overloaded', 'others saw it'));
    const openMs = 60_000; // as a breaker has it whose options nobody gave yet
    scene.clock.aheadMs += openMs;
    const probe = await scene.breakers.before(key, { failureThreshold: 5, openMs: 10_000 });
    expect(probe).toMatchObject({ kind: 'pass', probe: true }); // another task is asking already
    const startedAt = Date.now();
    expect(await scene.run()).toBe('waiting');
    const { waitingFor, wakeAt } = await scene.task();
    expect(waitingFor).toBe('provider');
    expect((wakeAt?.getTime() ?? 0) - startedAt).toBeLessThan(16_000);
  });
});

describe('an outage that shows in the last try of an attempt', () => {
  it('costs no attempt: the task waits for the provider', async () => {
    const scene = await harness.open({ script: [{ replies: [overloaded], repeat: true }] });
    await scene.breakers.failed('model:local-extractive-1', createFailure('model_overloaded', 'another task saw it'));
    expect(await scene.run()).toBe('waiting');
    expect(scene.requests()).toHaveLength(4);
    expect(await scene.task()).toMatchObject({ waitingFor: 'provider', attempts: 0 });
  });
});

describe('a refusal that no retry helps', () => {
  it.each([
    ['401', { type: 'error' as const, status: 401 }, 'model_auth', 'needs_ops'],
    ['403', { type: 'error' as const, status: 403 }, 'model_auth', 'needs_ops'],
    ['402', { type: 'error' as const, status: 402, error_type: 'billing_error' }, 'model_billing', 'needs_ops'],
    [
      'a spend limit as 429',
      { ...limited(), message: 'enforced_spend_limit_reached: your organization has reached its spend_limit' },
      'model_billing',
      'needs_ops',
    ],
    [
      'no credit as 400',
      { type: 'error' as const, status: 400, message: 'Your credit balance is too low' },
      'model_billing',
      'needs_ops',
    ],
    [
      '400 about the history',
      { type: 'error' as const, status: 400, message: 'messages.2: `tool_use` ids were found without `tool_result`' },
      'model_invalid_request',
      'permanent',
    ],
    ['404', { type: 'error' as const, status: 404 }, 'model_unknown', 'permanent'],
  ])('(%s) is a dead letter at once', async (_, reply, code, reason) => {
    const scene = await harness.open({ script: [reply] });
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(1);
    const dead = await scene.deadLetter();
    expect(dead).toMatchObject({ reason, retryStopped: 'non_retryable', failure: { code } });
    expect(dead?.failure.detail).toMatchObject({ request_id: expect.stringMatching(/^req_/) });
    expect(dead?.history).toHaveLength(1);
  });

  it('413 is given up as context_exhausted after shortening did not help', async () => {
    const scene = await harness.open({ script: [{ replies: [{ type: 'error', status: 413 }], repeat: true }] });
    expect(await scene.run()).toBe('failed');
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code: 'context_exhausted' } });
    expect(scene.requests().length).toBeLessThanOrEqual(4);
  });
});

describe('the chain of models', () => {
  const models = ['first-model', 'second-model'];
  const asked = (scene: Scene) => scene.requests().map((request) => request.model);

  it('goes on with the next model when the first is down, and says so', async () => {
    const scene = await harness.open({
      agent: { model: models },
      script: (request) => (request.model === 'first-model' ? overloaded : say('done')),
    });
    expect(await scene.run()).toBe('completed');
    expect(asked(scene)).toEqual([...Array.from({ length: 4 }, () => 'first-model'), 'second-model']);
    const [fallback] = (await scene.events()).filter((event) => event.type === 'model.fallback');
    expect(fallback?.data).toEqual({ from: 'first-model', to: 'second-model', why: 'model_overloaded' });
  });

  it('asks every model for no more than its own window and output allow', async () => {
    const scene = await harness.open({
      agent: { model: models },
      script: (request) => (request.model === 'first-model' ? { type: 'error', status: 404 } : say('done')),
      provider: {
        findInfo: (model) => ({
          contextWindowTokens: model === 'first-model' ? 200_000 : 8_000,
          maxOutputTokens: model === 'first-model' ? 16_000 : 1_000,
          price: { input: 0, output: 0, cacheRead: 0, cacheCreation: 0 },
        }),
      },
    });
    expect(await scene.run()).toBe('completed');
    expect(scene.requests().map((request) => request.max_tokens)).toEqual([16_000, 1_000]);
  });

  it('does not try another model with a request that was refused', async () => {
    const scene = await harness.open({ agent: { model: models }, script: [{ type: 'error', status: 400 }] });
    expect(await scene.run()).toBe('failed');
    expect(asked(scene)).toEqual(['first-model']);
  });

  it('waits for the first model when the second can do nothing about it', async () => {
    const scene = await harness.open({
      agent: { model: models },
      script: (request) =>
        request.model === 'first-model' ? limited({ 'retry-after': '60' }) : { type: 'error', status: 401 },
    });
    expect(await scene.run()).toBe('waiting');
    expect(await scene.task()).toMatchObject({ waitingFor: 'rate_limit', attempts: 0 });
  });
});

describe('retries that do not help', () => {
  it('cost an attempt each round and end in a dead letter with their history', async () => {
    const garbage = { type: 'raw' as const, chunks: ['event: message_start\ndata: {\n\n'] };
    const scene = await harness.open({ script: [{ replies: [garbage], repeat: true }], limits: { max_attempts: 3 } });
    for (const attempts of [1, 2]) {
      expect(await scene.run()).toBe('waiting');
      expect(await scene.task()).toMatchObject({ status: 'waiting', waitingFor: 'retry', attempts });
      await scene.wake();
    }
    expect(await scene.run()).toBe('failed');
    expect(scene.requests()).toHaveLength(12);
    const dead = await scene.deadLetter();
    expect(dead).toMatchObject({ reason: 'exhausted', retryStopped: 'max_attempts' });
    expect(dead?.history).toMatchObject([
      { attempt: 1, epoch: 1, failure: { code: 'model_bad_reply' } },
      { attempt: 2, epoch: 2 },
      { attempt: 3, epoch: 3 },
    ]);
    const events = await scene.events();
    expect(events.at(-1)).toMatchObject({ type: 'task.failed', data: { attempts: 3, retry_stopped: 'max_attempts' } });
    await scene.replay();
    scene.server.script.set([say('done')]);
    expect(await scene.run()).toBe('completed');
    expect((await scene.task()).attempts).toBe(0);
  });
});

describe('what is wrong before the first turn', () => {
  it.each([
    ['an agent that is not deployed', { name: 'other' }, 'agent_unknown'],
    ['an input that does not fit', { inputSchema: z.object({ needed: z.string() }) }, 'agent_input_invalid'],
  ])('(%s) is a permanent dead letter', async (_, agent, code) => {
    const scene = await harness.open({ agent, script: [] });
    expect(await scene.run()).toBe('failed');
    expect(await scene.deadLetter()).toMatchObject({ reason: 'permanent', failure: { code } });
    expect(scene.requests()).toEqual([]);
  });
});
