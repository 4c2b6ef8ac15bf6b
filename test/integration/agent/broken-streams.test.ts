import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AgentHarness, createAgentHarness } from '../../support/agent-harness.ts';
import { keptText } from '../../support/agent-scene.ts';
import { call, type Delivery, PURE, probeTool, say } from '../../support/probe-tool.ts';

let harness: AgentHarness;
beforeAll(async () => {
  harness = await createAgentHarness();
});
afterEach(() => harness.closeScenes());
afterAll(() => harness.close());

const SHORT = { silenceMs: 150, idleMs: 300, totalMs: 800 };

/** One turn with words and a tool call, delivered badly once and well after that. */
async function runThrough(delivery: Delivery, timeouts = { silenceMs: 5_000, idleMs: 5_000, totalMs: 10_000 }) {
  const seen: unknown[] = [];
  const tool = probeTool('echo', (input) => seen.push(input), { annotations: PURE });
  const content = [
    { type: 'text' as const, text: 'Some words before the call. '.repeat(5) },
    { type: 'tool_use' as const, name: 'echo', input: { n: 1, text: 'y'.repeat(300) } },
  ];
  const scene = await harness.open({
    tools: [tool],
    script: [{ type: 'message', content, delivery }, { type: 'message', content }, say('done')],
    provider: { timeouts },
  });
  const outcome = await scene.run();
  const events = await scene.events();
  return { scene, seen, outcome, events };
}

async function expectOneRetry(run: Awaited<ReturnType<typeof runThrough>>, code: string, message = /./) {
  expect(run.outcome).toBe('completed');
  expect(run.seen).toHaveLength(1);
  expect(run.scene.requests()).toHaveLength(3);
  const retries = run.events.filter((event) => event.type === 'model.retry');
  expect(retries.map((event) => event.data.code)).toEqual([code]);
  expect(retries[0]?.data.message).toMatch(message);
  const started = run.events.filter((event) => event.type === 'turn.started');
  const voided = run.events.filter((event) => event.type === 'turn.voided');
  expect(voided.map((event) => event.data.from)).toEqual([started[0]?.seq]);
  expect(keptText(run.events)).toBe(`${'Some words before the call. '.repeat(5)}done`);
  expect((await run.scene.task()).attempts).toBe(0);
}

describe('a reply that is cut', () => {
  const offsets = [0, 1, 200, 700, 1_500, 2_600];
  const ways = ['end', 'fin', 'rst'] as const;

  it.each(ways.flatMap((by) => offsets.map((afterBytes) => ({ by, afterBytes }))))(
    'by $by after $afterBytes bytes is announced void and asked for again',
    async ({ by, afterBytes }) => {
      const run = await runThrough({ cut: { afterBytes, by } });
      await expectOneRetry(run, afterBytes === 0 && by !== 'end' ? expect.anything() : 'model_stream_cut');
    },
  );

  it('before any byte of a response is tried again', async () => {
    const scene = await harness.open({ script: [{ type: 'reset' }, say('done')] });
    expect(await scene.run()).toBe('completed');
    const retries = (await scene.events()).filter((event) => event.type === 'model.retry');
    expect(retries.map((event) => event.data.code)).toEqual(['model_unavailable']);
  });
});

describe('a reply that breaks off with an error event', () => {
  it.each([
    ['overloaded_error', 'model_overloaded'],
    ['api_error', 'model_unavailable'],
    ['rate_limit_error', 'model_rate_limited'],
  ])('%s in the middle is tried again', async (errorType, code) => {
    await expectOneRetry(await runThrough({ errorEvent: { afterEvents: 12, errorType } }), code);
  });
});

describe('a reply that stalls', () => {
  it('without a byte is given up by the watchdog', async () => {
    await expectOneRetry(
      await runThrough({ stall: { afterBytes: 900 } }, SHORT),
      'model_stalled',
      /sent nothing for 150/,
    );
  });

  it('with nothing but pings is given up by the watchdog', async () => {
    const pings = await runThrough({ stall: { afterBytes: 0, pingEveryMs: 40 } }, SHORT);
    await expectOneRetry(pings, 'model_stalled', /no content for 300/);
  });

  it('before its headers is given up by the watchdog', async () => {
    const scene = await harness.open({ script: [{ type: 'hang' }, say('done')], provider: { timeouts: SHORT } });
    expect(await scene.run()).toBe('completed');
    const retries = (await scene.events()).filter((event) => event.type === 'model.retry');
    expect(retries.map((event) => event.data.code)).toEqual(['model_stalled']);
  });

  it('drop by drop is given up at the total deadline', async () => {
    const slow = await runThrough(
      { writeBytes: 20, delayBetweenChunksMs: 20 },
      { silenceMs: 5_000, idleMs: 5_000, totalMs: 400 },
    );
    await expectOneRetry(slow, 'model_timeout');
  });
});

describe('a reply that is garbage', () => {
  it.each([
    ['no JSON in an event', ['event: message_start\ndata: {"type":\n\n'], undefined],
    ['a body that is no gzip', ['no gzip at all'], { 'content-encoding': 'gzip' }],
    ['HTML', ['<html>proxy</html>'], undefined],
    [
      'events in the wrong order',
      ['event: content_block_delta\ndata: {"type":"content_block_delta","index":4}\n\n'],
      undefined,
    ],
  ])('(%s) is tried again', async (_, chunks, headers) => {
    const scene = await harness.open({
      script: [{ type: 'raw', chunks, ...(headers ? { headers } : {}) }, say('done')],
    });
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()).toHaveLength(2);
    expect((await scene.events()).filter((event) => event.type === 'turn.voided')).toHaveLength(1);
  });

  it('without an end is stopped at a limit', async () => {
    const start =
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n';
    const delta = `event: content_block_delta\ndata: ${JSON.stringify({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'z'.repeat(1_000_000) } })}\n\n`;
    const scene = await harness.open({
      script: [{ type: 'raw', chunks: [start, ...Array.from({ length: 6 }, () => delta)] }, say('done')],
    });
    expect(await scene.run()).toBe('completed');
    const retries = (await scene.events()).filter((event) => event.type === 'model.retry');
    expect(retries.map((event) => event.data.code)).toEqual(['model_bad_reply']);
  });
});

describe('events and blocks of kinds we do not know', () => {
  it('change nothing, and the block is kept as it came', async () => {
    const odd = {
      type: 'search_result',
      source: 's',
      title: 't',
      content: [{ type: 'text', text: 'c' }],
      later: { a: [1] },
    };
    const tool = probeTool('echo', () => 'ok', { annotations: PURE });
    const scene = await harness.open({
      tools: [tool],
      script: [
        {
          type: 'message',
          content: [{ type: 'raw', start: odd }, ...call('echo').content],
          delivery: { extraEvents: [{ afterEvents: 3, event: 'future_event', data: { type: 'future_event', x: 1 } }] },
        },
        say('done'),
      ],
    });
    expect(await scene.run()).toBe('completed');
    expect(scene.requests()[1]?.messages[1]?.content[0]).toEqual(odd);
  });
});
