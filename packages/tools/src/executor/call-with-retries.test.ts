import { failWith } from '@nightshift/domain';
import { createLocalBreakers } from '@nightshift/resilience';
import { describe, expect, it } from 'vitest';
import { RetryableToolError } from '../errors/retryable-tool-error.ts';
import { callTool } from '../testing/call-tool.ts';
import { createLocalDeps } from '../testing/create-local-deps.ts';
import { createRecordedScope } from '../testing/create-recorded-scope.ts';
import { defineProbeTool } from '../testing/define-probe-tool.ts';

function typesOf(events: readonly { type: string }[]): string[] {
  return events.map((event) => event.type);
}

function textOf(outcome: { modelContent: { text: string }[] }): string {
  return outcome.modelContent.map((block) => block.text).join('\n');
}

describe('callWithRetries', () => {
  it('tries again after failures with tool.retry and the same idempotency key', async () => {
    const keys: string[] = [];
    const tool = defineProbeTool(async (_input, context) => {
      keys.push(`${context.idempotencyKey}/${context.attempt}`);
      if (context.attempt < 3) throw new Error('shaky');
      return 'done';
    });
    const recorded = createRecordedScope();
    const outcome = await callTool({ tools: [tool], recorded });
    expect(outcome).toMatchObject({ kind: 'completed', attempts: 3 });
    expect(keys).toEqual(['key-1/1', 'key-1/2', 'key-1/3']);
    expect(typesOf(recorded.events)).toEqual(['tool.started', 'tool.retry', 'tool.retry']);
    expect(recorded.events[1]?.data).toMatchObject({ attempt: 2, of: 3, failure: { code: 'tool_failed' } });
  });

  it('never runs an unsafe tool again unless the tool says that nothing happened', async () => {
    let runs = 0;
    const unsafe = { annotations: {} };
    const broken = defineProbeTool(async () => {
      runs++;
      throw failWith('tool_failed', 'connection reset');
    }, unsafe);
    const outcome = await callTool({ tools: [broken] });
    expect([outcome.kind, runs]).toEqual(['failed', 1]);
    expect(textOf(outcome)).toContain('Whether it took effect is not known');
    const busy = defineProbeTool(async () => {
      runs++;
      throw new RetryableToolError({ message: 'busy' });
    }, unsafe);
    runs = 0;
    expect((await callTool({ tools: [busy] })).attempts).toBe(3);
    expect(runs).toBe(3);
  });

  it('falls back in order, tells the model which ran and why, and gives the fallback a key of its own', async () => {
    const first = defineProbeTool(() => Promise.reject(new Error('down')), {
      retry: { maxAttempts: 1 },
      fallback: ['second'],
    });
    const second = defineProbeTool(() => Promise.reject(new Error('down too')), {
      name: 'second',
      retry: { maxAttempts: 1 },
      fallback: ['third'],
    });
    const third = defineProbeTool(async (_input, context) => context.idempotencyKey, { name: 'third' });
    const recorded = createRecordedScope();
    const outcome = await callTool({ tools: [first, second, third], recorded });
    expect(outcome).toMatchObject({ kind: 'completed', ranTool: 'third', attempts: 3, output: 'key-1:third' });
    expect(textOf(outcome)).toMatch(/"probe" could not do it: down .*\n.*"second" could not do it: down too/);
    const fallbacks = recorded.events.filter((event) => event.type === 'tool.fallback');
    expect(fallbacks.map(({ data }) => [data.from, data.to])).toEqual([
      ['probe', 'second'],
      ['second', 'third'],
    ]);
    expect(outcome.finalEvents[1]?.data).toMatchObject({ tool: 'probe', ran_tool: 'third' });
  });

  it('opens the breaker, says so once, refuses the next call without running it, and closes after a probe', async () => {
    let healthy = false;
    let runs = 0;
    let now = 1_000_000;
    const tool = defineProbeTool(
      async () => {
        runs++;
        if (!healthy) throw new Error('down');
        return 'up';
      },
      { breaker: { key: 'svc', failureThreshold: 2, openMs: 60_000 } },
    );
    const deps = createLocalDeps([tool], { breakers: createLocalBreakers({ now: () => now }) });
    const recorded = createRecordedScope();
    const opened = await callTool({ tools: [tool], deps, recorded });
    expect(opened).toMatchObject({ kind: 'failed', failure: { code: 'tool_failed' }, attempts: 2 });
    expect(typesOf(recorded.events).filter((type) => type === 'tool.breaker_opened')).toHaveLength(1);
    const refused = await callTool({ tools: [tool], deps });
    expect(refused).toMatchObject({ kind: 'failed', failure: { code: 'tool_breaker_open' }, attempts: 0 });
    expect(textOf(refused)).toContain('within 60 seconds');
    expect(runs).toBe(2);
    now += 60_000;
    healthy = true;
    expect((await callTool({ tools: [tool], deps })).kind).toBe('completed');
    expect(await deps.breakers.state('svc')).toEqual({ kind: 'closed', failures: 0 });
  });

  it('does not let a rate limit open the breaker', async () => {
    const tool = defineProbeTool(() => Promise.reject(new RetryableToolError({ message: '429', rateLimited: true })), {
      breaker: { key: 'svc', failureThreshold: 1, openMs: 60_000 },
    });
    const deps = createLocalDeps([tool]);
    expect((await callTool({ tools: [tool], deps })).kind).toBe('failed');
    expect(await deps.breakers.state('svc')).toEqual({ kind: 'closed', failures: 0 });
  });

  it('runs no more calls at once than the tool has slots', async () => {
    let running = 0;
    let most = 0;
    const tool = defineProbeTool(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      },
      { concurrency: { perWorker: 2 } },
    );
    const deps = createLocalDeps([tool]);
    await Promise.all(Array.from({ length: 6 }, () => callTool({ tools: [tool], deps })));
    expect(most).toBe(2);
  });

  it('rejects when the log refuses an event, and does not blame the tool', async () => {
    const lost = new Error('fenced');
    const tool = defineProbeTool(
      async (_input, context) => {
        await context.progress({ done: 1, total: 2 }).catch(() => {});
        return 'fine';
      },
      { breaker: { key: 'svc', failureThreshold: 1, openMs: 60_000 } },
    );
    const deps = createLocalDeps([tool]);
    const recorded = createRecordedScope({
      emit: async (event) => {
        if (event.type === 'tool.progress') throw lost;
      },
    });
    await expect(callTool({ tools: [tool], deps, recorded })).rejects.toBe(lost);
    expect(await deps.breakers.state('svc')).toEqual({ kind: 'closed', failures: 0 });
  });
});
