import { createLocalBreakers } from '@nightshift/resilience';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tool, ToolDefinition } from '../define-tool.ts';
import { callTool } from '../testing/call-tool.ts';
import { createLocalDeps } from '../testing/create-local-deps.ts';
import { createRecordedScope } from '../testing/create-recorded-scope.ts';
import { defineProbeTool } from '../testing/define-probe-tool.ts';
import type { ToolContext } from '../tool-context.ts';
import { ABORT_GRACE_MS, SOFT_GRACE_MS } from './run-attempt.ts';

const SOFT_MS = 1_000;
const HARD_MS = 10_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

function toTool(execute: ToolDefinition['execute'], more: Partial<ToolDefinition> = {}): Tool {
  const timeoutMs = { soft: SOFT_MS, hard: HARD_MS };
  return defineProbeTool(execute, { retry: { maxAttempts: 1 }, timeoutMs, ...more });
}

const never = () => new Promise<never>(() => {});
const after = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

/** Starts a call and says when, on the fake clock, it was over. */
function start(tool: Tool, recorded = createRecordedScope(), deps = createLocalDeps([tool])) {
  const startedAt = Date.now();
  const call = callTool({ tools: [tool], recorded, deps }).then(
    (outcome) => ({ outcome, error: undefined, tookMs: Date.now() - startedAt }),
    (error: unknown) => ({ outcome: undefined, error, tookMs: Date.now() - startedAt }),
  );
  return { call, recorded, deps };
}

describe('runAttempt', () => {
  it('ends a tool that ignores its signal at the hard timeout, and its slot is free', async () => {
    let hangs = true;
    const tool = toTool(() => (hangs ? never() : Promise.resolve('free')), {
      concurrency: { perWorker: 1 },
      annotations: {},
    });
    const { call, recorded, deps } = start(tool);
    await vi.advanceTimersByTimeAsync(HARD_MS + ABORT_GRACE_MS);
    const { outcome, tookMs } = await call;
    expect(outcome).toMatchObject({ kind: 'timed_out', failure: { code: 'tool_timeout' }, isError: true });
    expect(outcome?.modelContent[0]?.text).toContain('Whether it took effect is not known');
    expect(tookMs).toBe(HARD_MS + ABORT_GRACE_MS);
    expect(recorded.events.map(({ type, data }) => [type, data.after_ms])).toEqual([
      ['tool.started', undefined],
      ['tool.timeout_soft', SOFT_MS],
      ['tool.timeout_hard', HARD_MS],
    ]);
    hangs = false;
    expect((await start(tool, undefined, deps).call).outcome).toMatchObject({ kind: 'completed', output: 'free' });
  });

  it('does not wait for the grace when the aborted tool tidies up at once', async () => {
    const tool = toTool(
      (_input, context) =>
        new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => reject(context.signal.reason));
        }),
    );
    const { call } = start(tool);
    await vi.advanceTimersByTimeAsync(HARD_MS);
    expect((await call).tookMs).toBe(HARD_MS);
  });

  it('takes the partial result a grace after the soft timeout, and aborts the tool', async () => {
    let signals: ToolContext | undefined;
    const tool = toTool((_input, context) => {
      signals = context;
      context.partial({ found: 3 });
      return never();
    });
    const { call, recorded } = start(tool);
    await vi.advanceTimersByTimeAsync(SOFT_MS);
    expect([signals?.softSignal.aborted, signals?.signal.aborted]).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(SOFT_GRACE_MS + ABORT_GRACE_MS);
    expect(signals?.signal.aborted).toBe(true);
    const { outcome, tookMs } = await call;
    expect(outcome).toMatchObject({ kind: 'partial', output: { found: 3 }, failure: { code: 'tool_timeout' } });
    expect(tookMs).toBe(SOFT_MS + SOFT_GRACE_MS + ABORT_GRACE_MS);
    expect(recorded.events.map(({ type }) => type)).toEqual(['tool.started', 'tool.timeout_soft']);
  });

  it('takes the whole result of a tool that finishes within the grace', async () => {
    const tool = toTool((_input, context) => {
      context.partial('half');
      return after(SOFT_MS + SOFT_GRACE_MS - 1, 'whole');
    });
    const { call } = start(tool);
    await vi.advanceTimersByTimeAsync(SOFT_MS + SOFT_GRACE_MS);
    expect((await call).outcome).toMatchObject({ kind: 'completed', output: 'whole' });
  });

  it('gives a tool without a partial result until the hard timeout, or a grace after its first chunk', async () => {
    const chunkAtMs = SOFT_MS + 3_000;
    const tool = toTool(async function* () {
      await after(chunkAtMs, undefined);
      yield 'first';
      return never();
    });
    const { call } = start(tool);
    await vi.advanceTimersByTimeAsync(HARD_MS);
    const { outcome, tookMs } = await call;
    expect(outcome).toMatchObject({ kind: 'partial', output: ['first'] });
    expect(tookMs).toBe(chunkAtMs + SOFT_GRACE_MS + ABORT_GRACE_MS);
  });

  it('ends at the deadline of the task when that comes first, and does not start after it', async () => {
    const tool = toTool(never, { retry: { maxAttempts: 3 } });
    const { call } = start(tool, createRecordedScope({ deadlineAt: new Date(Date.now() + 700) }));
    await vi.advanceTimersByTimeAsync(700 + ABORT_GRACE_MS);
    expect((await call).outcome).toMatchObject({
      kind: 'timed_out',
      failure: { code: 'deadline_exceeded' },
      attempts: 1,
    });
    const late = await start(tool, createRecordedScope({ deadlineAt: new Date(Date.now() - 1) })).call;
    expect(late.outcome).toMatchObject({ kind: 'failed', failure: { code: 'deadline_exceeded' }, attempts: 0 });
  });

  it('does not wait for a slot past the deadline', async () => {
    const tool = toTool(never, { concurrency: { perWorker: 1 }, timeoutMs: { hard: 5_000 } });
    const holder = start(tool);
    const recorded = createRecordedScope({ deadlineAt: new Date(Date.now() + 2_000) });
    const waiter = start(tool, recorded, holder.deps);
    await vi.advanceTimersByTimeAsync(2_000);
    const { outcome, tookMs } = await waiter.call;
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'deadline_exceeded' }, attempts: 0 });
    expect(tookMs).toBe(2_000);
    await vi.advanceTimersByTimeAsync(4_000);
    await holder.call;
  });

  it('rejects with the reason on cancel, aborts the tool and hands the probe on', async () => {
    const reason = new Error('cancelled');
    let signal: AbortSignal | undefined;
    const tool = toTool(
      (_input, context) => {
        if (signal === undefined) {
          signal = context.signal;
          return Promise.reject(new Error('down'));
        }
        signal = context.signal;
        return never();
      },
      { breaker: { key: 'svc', failureThreshold: 1, openMs: 1 } },
    );
    const deps = createLocalDeps([tool], { breakers: createLocalBreakers({ now: Date.now }) });
    await start(tool, undefined, deps).call;
    expect((await deps.breakers.state('svc')).kind).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    const { call, recorded } = start(tool, undefined, deps);
    await vi.advanceTimersByTimeAsync(10);
    recorded.abort(reason);
    await vi.advanceTimersByTimeAsync(ABORT_GRACE_MS);
    expect(await call).toMatchObject({ error: reason, tookMs: 10 + ABORT_GRACE_MS });
    expect(signal?.reason).toBe(reason);
    expect(await deps.breakers.before('svc', { failureThreshold: 1, openMs: 1 })).toMatchObject({ probe: true });
  });

  it('ends a back-off at once on cancel, and does not call the tool again', async () => {
    let runs = 0;
    const tool = toTool(
      () => {
        runs++;
        return Promise.reject(new Error('down'));
      },
      { retry: { maxAttempts: 5, minTimeoutMs: 60_000, factor: 1, maxTimeoutMs: 60_000 } },
    );
    const { call, recorded } = start(tool);
    await vi.advanceTimersByTimeAsync(100);
    recorded.abort('stop');
    expect(await call).toMatchObject({ error: 'stop', tookMs: 100 });
    await vi.advanceTimersByTimeAsync(120_000);
    expect(runs).toBe(1);
  });

  it('aborts an artifact that opens after the end, and refuses the context to a tool that goes on', async () => {
    let afterwards: unknown[] = [];
    let over: Promise<void> | undefined;
    const tool = toTool((_input, context) => {
      over = (async () => {
        await after(HARD_MS + 1, undefined);
        const tries = [context.chunk(1), context.progress({ done: 1 }), context.artifact('a', { mediaType: 'x/y' })];
        afterwards = (await Promise.allSettled(tries)).map((settled) => settled.status);
      })();
      return never();
    });
    const { call, recorded } = start(tool);
    await vi.advanceTimersByTimeAsync(HARD_MS + ABORT_GRACE_MS);
    await Promise.all([call, over]);
    expect(afterwards).toEqual(['rejected', 'rejected', 'rejected']);
    expect(recorded.artifacts).toEqual([]);
    expect(recorded.events.map(({ type }) => type)).not.toContain('tool.chunk');
  });
});

/** Something a tool does at a moment of its own, whether anybody still listens or not. */
type Deed = { atMs: number; what: 'chunk' | 'partial' | 'progress' | 'return' | 'throw' };

function toDeeds(...atMs: number[]): fc.Arbitrary<Deed[]> {
  const what = fc.constantFrom(
    'chunk' as const,
    'partial' as const,
    'progress' as const,
    'return' as const,
    'throw' as const,
  );
  return fc.array(fc.record({ atMs: fc.constantFrom(...atMs), what }), { maxLength: 6 });
}

const anyDeeds = toDeeds(0, 1, SOFT_MS - 1, SOFT_MS, SOFT_MS + 1, SOFT_MS + SOFT_GRACE_MS, HARD_MS - 1, HARD_MS);

/** Later than any end: during the grace of an aborted tool, and long after it. */
const lateDeeds = toDeeds(HARD_MS + 1, HARD_MS + ABORT_GRACE_MS - 1, HARD_MS + ABORT_GRACE_MS + 1, 20_000);

function toScriptedTool(deeds: readonly Deed[]): Tool {
  return toTool(
    (_input, context) =>
      new Promise((resolve, reject) => {
        for (const [index, { atMs, what }] of deeds.entries()) {
          setTimeout(() => {
            if (what === 'return') resolve(`result ${index}`);
            else if (what === 'throw') reject(new Error(`thrown ${index}`));
            else if (what === 'progress') context.progress({ done: index }).catch(() => {});
            else if (what === 'chunk') context.chunk(index).catch(() => {});
            else context.partial(index);
          }, atMs);
        }
      }),
  );
}

describe('a call that is over', () => {
  it('is never changed by what its tool does later', async () => {
    const play = async (deeds: readonly Deed[]) => {
      const { call, recorded } = start(toScriptedTool(deeds));
      const ended = call.then(({ outcome }) => {
        const { kind, modelContent, attempts } = outcome ?? {};
        const output = outcome && 'output' in outcome ? outcome.output : undefined;
        return { kind, modelContent, attempts, output, eventCount: recorded.events.length };
      });
      await vi.advanceTimersByTimeAsync(30_000);
      const outcome = await ended;
      expect(recorded.events.length).toBe(outcome.eventCount);
      return { outcome, events: recorded.events.map(({ type, data }) => [type, data.chunk, data.done]) };
    };
    const kinds = new Set<string | undefined>();
    await fc.assert(
      fc.asyncProperty(anyDeeds, lateDeeds, async (deeds, later) => {
        const alone = await play(deeds);
        kinds.add(alone.outcome.kind);
        expect(await play([...deeds, ...later])).toEqual(alone);
      }),
      { numRuns: 200 },
    );
    expect([...kinds].sort()).toEqual(['completed', 'failed', 'partial', 'timed_out']);
  });
});
