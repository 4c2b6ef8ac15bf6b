import { failWith } from '@nightshift/domain';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Tool } from '../define-tool.ts';
import { FatalToolError } from '../errors/fatal-tool-error.ts';
import { ToolError } from '../errors/tool-error.ts';
import { callTool } from '../testing/call-tool.ts';
import { createRecordedScope } from '../testing/create-recorded-scope.ts';
import { defineProbeTool } from '../testing/define-probe-tool.ts';
import { currentToolContext } from '../tool-context.ts';

function typesOf(events: readonly { type: string }[]): string[] {
  return events.map((event) => event.type);
}

function textOf(outcome: { modelContent: { text: string }[] }): string {
  return outcome.modelContent.map((block) => block.text).join('\n');
}

describe('executeTool', () => {
  it('completes with the validated output, its words for the model, and the final events unsent', async () => {
    const tool = defineProbeTool(async () => ({ n: 1, extra: 'dropped' }), {
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
    expect(await seen(defineProbeTool(execute, more))).not.toMatch(/hush|loud/);
    const open = defineProbeTool(execute, { ...more, visibility: { input: 'user', output: 'user' } });
    expect(await seen(open)).toMatch(/hush.*loud/);
  });

  it('tells the model what a ToolError says, and neither retries nor falls back', async () => {
    const other = defineProbeTool(async () => 'other', { name: 'other' });
    const tool = defineProbeTool(async () => Promise.reject(new ToolError('There is no page 9; pages 1 to 3 exist.')), {
      fallback: ['other'],
    });
    const outcome = await callTool({ tools: [tool, other] });
    expect(outcome).toMatchObject({ kind: 'failed', fatal: false, isError: true, attempts: 1, ranTool: 'probe' });
    expect(textOf(outcome)).toBe('There is no page 9; pages 1 to 3 exist.');
    expect(typesOf(outcome.finalEvents)).toEqual(['tool.failed']);
  });

  it('is fatal for a FatalToolError, even with a partial result in hand', async () => {
    const tool = defineProbeTool(async (_input, context) => {
      context.partial('half');
      throw new FatalToolError('the account is closed');
    });
    const outcome = await callTool({ tools: [tool] });
    expect(outcome).toMatchObject({ kind: 'failed', fatal: true, failure: { code: 'tool_fatal' } });
  });

  it('keeps the failure of a FailureError, and shows neither stacks nor secrets of anything else', async () => {
    const kept = await callTool({
      tools: [
        defineProbeTool(() => Promise.reject(failWith('storage_unavailable', 'S3 is away', { retryable: false }))),
      ],
    });
    expect(kept).toMatchObject({ kind: 'failed', failure: { code: 'storage_unavailable' }, attempts: 1 });
    const leaky = await callTool({
      tools: [
        defineProbeTool(() => Promise.reject(new Error('401 for Bearer abcdefghijkl')), { retry: { maxAttempts: 1 } }),
      ],
    });
    const all = JSON.stringify(leaky);
    expect(all).toContain('401 for');
    expect(all).not.toMatch(/abcdefghijkl|execute-tool\.test/);
    const odd = await callTool({
      tools: [defineProbeTool(() => Promise.reject(Object.create(null)), { retry: { maxAttempts: 1 } })],
    });
    expect(odd).toMatchObject({ kind: 'failed', failure: { code: 'tool_failed' } });
  });

  it('streams the chunks of a generator, in its context, with back-pressure, and takes its return as the result', async () => {
    const log: string[] = [];
    const tool = defineProbeTool(
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
    const tool = defineProbeTool(
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
    const other = defineProbeTool(async () => 'other', { name: 'other' });
    const tool = defineProbeTool(
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
      tools: [defineProbeTool(async () => ({ n: 'one' }), { outputSchema: z.object({ n: z.number() }) })],
    });
    expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'tool_bad_output' } });
    expect(textOf(outcome)).toMatch(/expected number.*n/);
  });

  it('cuts what the model reads with a visible note, at a character, and makes the text safe', async () => {
    const outcome = await callTool({ tools: [defineProbeTool(async () => `\u0000\ud800${'é'.repeat(100_000)}`)] });
    const [first, note] = outcome.modelContent;
    expect(first?.text.startsWith('\u2400\ufffdé')).toBe(true);
    expect(Buffer.byteLength(first?.text ?? '')).toBeLessThanOrEqual(100_000);
    expect(first?.text.endsWith('é')).toBe(true);
    expect(note?.text).toMatch(/^\[cut: the first 100000 of 200006 bytes/);
    expect(outcome.finalEvents[0]?.data).toMatchObject({ output_bytes: 200_008 });
  });

  it('refuses events that are not a tool’s to send', async () => {
    const outcome = await callTool({
      tools: [defineProbeTool((_input, context) => context.emit('task.completed', {}))],
    });
    expect(outcome).toMatchObject({ kind: 'failed', attempts: 1 });
    expect(textOf(outcome)).toContain('not "task.completed"');
  });
});
