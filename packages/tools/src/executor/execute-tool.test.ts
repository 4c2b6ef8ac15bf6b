import { failWith } from '@nightshift/domain';
import { createLocalBreakers } from '@nightshift/resilience';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTool, type Tool, type ToolDefinition } from '../define-tool.ts';
import { FatalToolError } from '../errors/fatal-tool-error.ts';
import { RetryableToolError } from '../errors/retryable-tool-error.ts';
import { ToolError } from '../errors/tool-error.ts';
import { callTool, createLocalDeps } from '../testing/call-tool.ts';
import { createRecordedScope } from '../testing/create-recorded-scope.ts';
import { currentToolContext } from '../tool-context.ts';

const FAST_RETRY = { maxAttempts: 3, minTimeoutMs: 1, factor: 1, maxTimeoutMs: 1 };

function toTool(execute: ToolDefinition['execute'], more: Partial<ToolDefinition> = {}): Tool {
  return defineTool({
    name: 'probe',
    description: 'for tests',
    version: '1',
    inputSchema: z.object({}),
    outputSchema: z.unknown(),
    annotations: { readOnlyHint: true },
    retry: FAST_RETRY,
    execute,
    ...more,
  });
}

function typesOf(events: readonly { type: string }[]): string[] {
  return events.map((event) => event.type);
}

function textOf(outcome: { modelContent: { text: string }[] }): string {
  return outcome.modelContent.map((block) => block.text).join('\n');
}

describe('executeTool', () => {
  it('completes with the validated output, its words for the model, and the final events unsent', async () => {
    const tool = toTool(async () => ({ n: 1, extra: 'dropped' }), {
      outputSchema: z.object({ n: z.number() }),
      toModelOutput: ({ output }) => `n is ${JSON.stringify(output)}`,
    });
    const recorded = createRecordedScope();
    const outcome = await callTool({ tools: [tool], recorded });
    expect(outcome).toMatchObject({
      kind: 'completed',
      output: { n: 1 },
      isError: false,
      attempts: 1,
      ranTool: 'probe',
    });
    expect(textOf(outcome)).toBe('n is {"n":1}');
    expect(typesOf(recorded.events)).toEqual(['tool.started']);
    expect(typesOf(outcome.finalEvents)).toEqual(['tool.output', 'tool.completed']);
    expect(outcome.finalEvents[1]?.data).toMatchObject({ tool: 'probe', tool_use_id: 'use_1', partial: false });
  });

  it('keeps raw input and output out of what users see, unless the tool says otherwise', async () => {
    const more = { inputSchema: z.object({ secret: z.string() }) };
    const seen = async (tool: Tool) => {
      const recorded = createRecordedScope();
      const outcome = await callTool({ tools: [tool], input: { secret: 'hush' }, recorded });
      return JSON.stringify([...recorded.events, ...outcome.finalEvents.filter((e) => e.type === 'tool.completed')]);
    };
    const execute = async () => 'loud';
    expect(await seen(toTool(execute, more))).not.toMatch(/hush|loud/);
    const open = toTool(execute, { ...more, visibility: { input: 'user', output: 'user' } });
    expect(await seen(open)).toMatch(/hush.*loud/);
  });

  it('tries again after failures with tool.retry and the same idempotency key', async () => {
    const keys: string[] = [];
    const tool = toTool(async (_input, context) => {
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
    const broken = toTool(async () => {
      runs++;
      throw failWith('tool_failed', 'connection reset');
    }, unsafe);
    const outcome = await callTool({ tools: [broken] });
    expect([outcome.kind, runs]).toEqual(['failed', 1]);
    expect(textOf(outcome)).toContain('Whether it took effect is not known');
    const busy = toTool(async () => {
      runs++;
      throw new RetryableToolError({ message: 'busy' });
    }, unsafe);
    runs = 0;
    expect((await callTool({ tools: [busy] })).attempts).toBe(3);
    expect(runs).toBe(3);
  });

  it('tells the model what a ToolError says, and neither retries nor falls back', async () => {
    const other = toTool(async () => 'other', { name: 'other' });
    const tool = toTool(async () => Promise.reject(new ToolError('There is no page 9; pages 1 to 3 exist.')), {
      fallback: ['other'],
    });
    const outcome = await callTool({ tools: [tool, other] });
    expect(outcome).toMatchObject({ kind: 'failed', fatal: false, isError: true, attempts: 1, ranTool: 'probe' });
    expect(textOf(outcome)).toBe('There is no page 9; pages 1 to 3 exist.');
    expect(typesOf(outcome.finalEvents)).toEqual(['tool.failed']);
  });

  it('is fatal for a FatalToolError, even with a partial result in hand', async () => {
    const tool = toTool(async (_input, context) => {
      context.partial('half');
      throw new FatalToolError('the account is closed');
    });
    const outcome = await callTool({ tools: [tool] });
    expect(outcome).toMatchObject({ kind: 'failed', fatal: true, failure: { code: 'tool_fatal' } });
  });

  it('keeps the failure of a FailureError, and shows neither stacks nor secrets of anything else', async () => {
    const kept = await callTool({
      tools: [toTool(() => Promise.reject(failWith('storage_unavailable', 'S3 is away', { retryable: false })))],
    });
    expect(kept).toMatchObject({ kind: 'failed', failure: { code: 'storage_unavailable' }, attempts: 1 });
    const leaky = await callTool({
      tools: [toTool(() => Promise.reject(new Error('401 for Bearer abcdefghijkl')), { retry: { maxAttempts: 1 } })],
    });
    const all = JSON.stringify(leaky);
    expect(all).toContain('401 for');
    expect(all).not.toMatch(/abcdefghijkl|execute-tool\.test/);
    const odd = await callTool({
      tools: [toTool(() => Promise.reject(Object.create(null)), { retry: { maxAttempts: 1 } })],
    });
    expect(odd).toMatchObject({ kind: 'failed', failure: { code: 'tool_failed' } });
  });

  it('falls back in order, tells the model which ran and why, and gives the fallback a key of its own', async () => {
    const first = toTool(() => Promise.reject(new Error('down')), { retry: { maxAttempts: 1 }, fallback: ['second'] });
    const second = toTool(() => Promise.reject(new Error('down too')), {
      name: 'second',
      retry: { maxAttempts: 1 },
      fallback: ['third'],
    });
    const third = toTool(async (_input, context) => context.idempotencyKey, { name: 'third' });
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
    const tool = toTool(
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
    const tool = toTool(() => Promise.reject(new RetryableToolError({ message: '429', rateLimited: true })), {
      breaker: { key: 'svc', failureThreshold: 1, openMs: 60_000 },
    });
    const deps = createLocalDeps([tool]);
    expect((await callTool({ tools: [tool], deps })).kind).toBe('failed');
    expect(await deps.breakers.state('svc')).toEqual({ kind: 'closed', failures: 0 });
  });

  it('streams the chunks of a generator, in its context, with back-pressure, and takes its return as the result', async () => {
    const log: string[] = [];
    const tool = toTool(
      async function* (_input, context) {
        for (const part of ['a', 'b']) {
          log.push(`yield ${part} ${currentToolContext() === context}`);
          yield part;
        }
        return 'ab';
      },
      { visibility: { output: 'user' } },
    );
    const recorded = createRecordedScope({
      async emit(event) {
        await new Promise((resolve) => setImmediate(resolve));
        if (event.type === 'tool.chunk') log.push(`sent ${String(event.data.chunk)} ${event.visibility}`);
      },
    });
    expect(await callTool({ tools: [tool], recorded })).toMatchObject({ kind: 'completed', output: 'ab' });
    expect(log).toEqual(['yield a true', 'sent a user', 'yield b true', 'sent b user']);
  });

  it('keeps the partial result of a stream that fails, with the failure, and aborts its artifacts', async () => {
    const tool = toTool(
      async function* (_input, context) {
        await context.artifact('half.bin', { mediaType: 'application/octet-stream' });
        yield { page: 1 };
        yield { page: 2 };
        throw new Error('cut');
      },
      { retry: { maxAttempts: 1 } },
    );
    const recorded = createRecordedScope();
    const outcome = await callTool({ tools: [tool], recorded });
    expect(outcome).toMatchObject({
      kind: 'partial',
      output: [{ page: 1 }, { page: 2 }],
      isError: false,
      failure: { code: 'tool_failed', message: 'cut' },
    });
    expect(textOf(outcome)).toMatch(/partial: cut.*\n.*"page":2/);
    expect(recorded.artifacts[0]?.state).toBe('aborted');
  });

  it.each([
    ['a BigInt', () => 1n],
    ['a function', () => () => 1],
    ['bytes', () => ({ audio: new Uint8Array(3) })],
    [
      'a cycle',
      () => {
        const cycle: Record<string, unknown> = {};
        cycle.self = cycle;
        return cycle;
      },
    ],
    ['too deep', () => JSON.parse('['.repeat(80) + ']'.repeat(80))],
    ['too big', () => 'x'.repeat(1_000_001)],
  ])('refuses %s as output and does not run the effect again', async (_what, create) => {
    let runs = 0;
    const other = toTool(async () => 'other', { name: 'other' });
    const tool = toTool(
      async () => {
        runs++;
        return create();
      },
      { annotations: { idempotentHint: true }, fallback: ['other'] },
    );
    const outcome = await callTool({ tools: [tool, other] });
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'tool_bad_output' }, ranTool: 'probe' });
    expect(runs).toBe(1);
  });

  it('refuses output that does not match the schema, with the reason', async () => {
    const outcome = await callTool({
      tools: [toTool(async () => ({ n: 'one' }), { outputSchema: z.object({ n: z.number() }) })],
    });
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'tool_bad_output' } });
    expect(textOf(outcome)).toMatch(/expected number.*n/);
  });

  it('cuts what the model reads with a visible note, at a character, and makes the text safe', async () => {
    const outcome = await callTool({ tools: [toTool(async () => `\u0000\ud800${'é'.repeat(100_000)}`)] });
    const [first, note] = outcome.modelContent;
    expect(first?.text.startsWith('\u2400\ufffdé')).toBe(true);
    expect(Buffer.byteLength(first?.text ?? '')).toBeLessThanOrEqual(100_000);
    expect(first?.text.endsWith('é')).toBe(true);
    expect(note?.text).toMatch(/^\[cut: the first 100000 of 200006 bytes/);
    expect(outcome.finalEvents[0]?.data).toMatchObject({ output_bytes: 200_008 });
  });

  it('runs no more calls at once than the tool has slots', async () => {
    let running = 0;
    let most = 0;
    const tool = toTool(
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
    const tool = toTool(
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

  it('refuses events that are not a tool’s to send', async () => {
    const outcome = await callTool({ tools: [toTool((_input, context) => context.emit('task.completed', {}))] });
    expect(outcome).toMatchObject({ kind: 'failed', attempts: 1 });
    expect(textOf(outcome)).toContain('not "task.completed"');
  });
});
