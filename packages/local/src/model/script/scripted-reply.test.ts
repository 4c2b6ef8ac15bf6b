import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { type ModelServer, startModelServer } from '../server/start-model-server.ts';
import type { ScriptEntry } from './script.ts';
import type { Delivery, ScriptedReply } from './scripted-reply.ts';

let server: ModelServer;
afterEach(() => server.close());

const ASK = {
  model: 'm',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content: 'Say something about ships.' }],
};
const CALL: Extract<ScriptedReply, { type: 'message' }> = {
  type: 'message',
  content: [
    { type: 'text', text: 'I will look it up in the register of ships.' },
    { type: 'tool_use', id: 'toolu_1', name: 'look_up', input: { query: 'ships — größte', limits: [1, 2, 3] } },
  ],
};

async function open(script: readonly ScriptEntry[]): Promise<Anthropic> {
  server = await startModelServer({ streamDelayMs: 0, script });
  return new Anthropic({ apiKey: 'test', baseURL: server.url, maxRetries: 0, logLevel: 'off' });
}

function withDelivery(delivery: Delivery): ScriptedReply {
  return { ...CALL, delivery };
}

/** Collects raw events until the stream ends or throws. */
async function collect(client: Anthropic, options = {}): Promise<{ types: string[]; error: unknown }> {
  const types: string[] = [];
  try {
    for await (const event of await client.messages.create({ ...ASK, stream: true }, options)) types.push(event.type);
  } catch (error) {
    return { types, error };
  }
  return { types, error: undefined };
}

async function untilAnswered(): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (server.requests[0]?.answer == null) {
    if (Date.now() > deadline) throw new Error('the request was never answered');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('script replies with messages', () => {
  it('sends exact content whole and streamed, with the usage and stop reason given', async () => {
    const reply: ScriptedReply = { ...CALL, usage: { input_tokens: 7, output_tokens: 9 }, stop_reason: 'pause_turn' };
    const client = await open([reply, reply]);
    const whole = await client.messages.create(ASK);
    const streamed = await client.messages.stream(ASK).finalMessage();
    expect(whole.content[1]).toMatchObject({ id: 'toolu_1', input: { query: 'ships — größte', limits: [1, 2, 3] } });
    expect(streamed.content).toEqual(whole.content);
    expect([streamed.stop_reason, streamed.usage.input_tokens, streamed.usage.output_tokens]).toEqual([
      'pause_turn',
      7,
      9,
    ]);
    expect(server.script.pending()).toBe(0);
  });

  it('cuts tool JSON at places that change with the seed and nowhere else', async () => {
    const client = await open([1, 1, 2].map((seed) => withDelivery({ seed })));
    const cuts: string[][] = [];
    for (let round = 0; round < 3; round += 1) {
      const pieces: string[] = [];
      for await (const event of await client.messages.create({ ...ASK, stream: true }))
        if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta')
          pieces.push(event.delta.partial_json);
      cuts.push(pieces);
    }
    expect(cuts[0]).toEqual(cuts[1]);
    expect(cuts[0]).not.toEqual(cuts[2]);
    expect(cuts[0]?.join('')).toBe(cuts[2]?.join(''));
    expect(cuts[0]?.length).toBeGreaterThan(4);
  });

  it('interleaves the deltas of several blocks, each still whole by its index', async () => {
    const client = await open([
      {
        ...CALL,
        content: [...CALL.content, { type: 'text', text: 'And one more thing about masts.' }],
        delivery: { interleave: true },
      },
    ]);
    const order: number[] = [];
    const texts = ['', '', ''];
    for await (const event of await client.messages.create({ ...ASK, stream: true })) {
      if (event.type !== 'content_block_delta') continue;
      order.push(event.index);
      texts[event.index] +=
        event.delta.type === 'text_delta'
          ? event.delta.text
          : event.delta.type === 'input_json_delta'
            ? event.delta.partial_json
            : '';
    }
    expect(order).not.toEqual([...order].sort());
    expect(texts[0]).toBe('I will look it up in the register of ships.');
    expect(JSON.parse(texts[1] ?? '')).toEqual({ query: 'ships — größte', limits: [1, 2, 3] });
    expect(texts[2]).toBe('And one more thing about masts.');
  });

  it('signs thinking blocks and accepts them back unchanged, but not changed', async () => {
    const client = await open([
      {
        type: 'message',
        content: [
          { type: 'thinking', thinking: 'Ships float.', signature: 'own-signature' },
          { type: 'text', text: 'They float.' },
        ],
      },
    ]);
    const { content } = await client.messages.stream(ASK).finalMessage();
    expect(content[0]).toEqual({ type: 'thinking', thinking: 'Ships float.', signature: 'own-signature' });
    const goOn = (first: unknown) =>
      client.messages.create({
        ...ASK,
        messages: [
          ...ASK.messages,
          { role: 'assistant', content: [first, content[1]] as Anthropic.ContentBlockParam[] },
          { role: 'user', content: 'go on' },
        ],
      });
    await goOn(content[0]);
    await expect(goOn({ ...content[0], thinking: 'Ships sink.' })).rejects.toThrow(/Invalid `signature`/);
  });

  it('streams malformed tool JSON, max_tokens inside a call, refusals and null stop reasons as told', async () => {
    const broken = { type: 'tool_use' as const, name: 'a', raw_json: '{"query": "shi' };
    const client = await open([
      { type: 'message', content: [broken], stop_reason: 'max_tokens' },
      {
        type: 'message',
        content: [],
        stop_reason: 'refusal',
        stop_details: { type: 'refusal', category: null, explanation: 'no' },
      },
      { type: 'message', content: [{ type: 'text', text: 'x' }], stop_reason: null },
    ]);
    let json = '';
    for await (const event of await client.messages.create({ ...ASK, stream: true }))
      if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta')
        json += event.delta.partial_json;
    expect(json).toBe('{"query": "shi');
    expect((await client.messages.create(ASK)).stop_details?.explanation).toBe('no');
    expect((await client.messages.create(ASK)).stop_reason).toBeNull();
  });

  it('sends unknown blocks and unknown events', async () => {
    const client = await open([
      {
        type: 'message',
        content: [{ type: 'raw', start: { type: 'hologram', beam: 1 }, deltas: [{ type: 'hologram_delta', beam: 2 }] }],
        delivery: { extraEvents: [{ afterEvents: 1, event: 'weather', data: { type: 'weather', sky: 'grey' } }] },
      },
    ]);
    const { types } = await collect(client);
    expect(types.slice(0, 3)).toEqual(['message_start', 'weather', 'content_block_start']);
  });
});

describe('script faults', () => {
  it('ends the body cleanly in the middle when cut by end', async () => {
    const client = await open([withDelivery({ cut: { afterBytes: 1_500, by: 'end' } })]);
    const { types, error } = await collect(client);
    expect(error).toBeUndefined();
    expect(types).not.toContain('message_stop');
    await untilAnswered();
    expect(server.requests[0]?.answer).toMatchObject({ end: 'cut', bytes: 1_500 });
  });

  it.each(['fin', 'rst'] as const)('breaks the connection in the middle when cut by %s', async (by) => {
    const client = await open([withDelivery({ cut: { afterBytes: 1_700, by } })]);
    const { types, error } = await collect(client);
    expect(types).toContain('message_start');
    expect(types).not.toContain('message_stop');
    expect(String(error)).toMatch(/terminated|other side closed|ECONNRESET/);
  });

  it('cuts at every byte it is told to', async () => {
    const sizes = Array.from({ length: 40 }, (_, at) => 1 + at * 67);
    const client = await open(sizes.map((afterBytes) => withDelivery({ cut: { afterBytes, by: 'end' } })));
    for (const size of sizes) {
      const response = await fetch(`${server.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': 'k', 'anthropic-version': '2026-10-21' },
        body: JSON.stringify({ ...ASK, stream: true }),
      });
      expect((await response.arrayBuffer()).byteLength).toBe(size);
    }
    expect(client).toBeDefined();
  });

  it('stays silent after some bytes, or sends pings only, until the client leaves', async () => {
    await open([
      withDelivery({ stall: { afterBytes: 0 } }),
      withDelivery({ stall: { afterBytes: 0, pingEveryMs: 1 } }),
    ]);
    const read = async (wanted: number) => {
      const left = new AbortController();
      const response = await fetch(`${server.url}/v1/messages`, {
        method: 'POST',
        headers: { 'x-api-key': 'k', 'anthropic-version': '2026-10-21' },
        body: JSON.stringify({ ...ASK, stream: true }),
        signal: left.signal,
      });
      let text = '';
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      while (text.length < wanted) text += (await reader?.read())?.value ?? '';
      left.abort();
      return text;
    };
    expect(await read(0)).toBe('');
    const pings = await read(120);
    expect(pings.match(/event: ping/g)?.length).toBeGreaterThan(2);
    expect(pings).not.toContain('message_start');
  });

  it('hangs without headers until the client gives up', async () => {
    const client = await open([{ type: 'hang' }]);
    await expect(client.messages.create(ASK, { timeout: 100 })).rejects.toThrow(Anthropic.APIConnectionTimeoutError);
  });

  it('resets the connection before any byte', async () => {
    const client = await open([{ type: 'reset' }]);
    await expect(client.messages.create(ASK)).rejects.toThrow(Anthropic.APIConnectionError);
  });

  it('sends an error event in the middle, which has no status', async () => {
    const client = await open([withDelivery({ errorEvent: { afterEvents: 4, errorType: 'overloaded_error' } })]);
    const { types, error } = await collect(client);
    expect(types.length).toBeGreaterThan(1);
    expect(error).toBeInstanceOf(APIError);
    expect([(error as APIError).status, (error as APIError).type]).toEqual([undefined, 'overloaded_error']);
  });

  it.each([
    [429, { 'retry-after': '7' }, Anthropic.RateLimitError],
    [429, { 'retry-after': 'Fri, 01 Jan 2038 00:00:00 GMT' }, Anthropic.RateLimitError],
    [429, { 'retry-after-ms': '1500' }, Anthropic.RateLimitError],
    [529, {}, Anthropic.OverloadedError],
    [500, {}, Anthropic.InternalServerError],
    [401, {}, Anthropic.AuthenticationError],
    [413, {}, Anthropic.ContentTooLargeError],
    [402, {}, Anthropic.PaymentRequiredError],
  ])('answers HTTP %i with headers %o', async (status, headers, errorClass) => {
    const client = await open([{ type: 'error', status, headers: headers as Record<string, string> }]);
    const error: unknown = await client.messages.create(ASK).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(errorClass);
    for (const [name, value] of Object.entries(headers)) expect((error as APIError).headers?.get(name)).toBe(value);
    expect((error as APIError).requestID).toMatch(/^req_/);
  });

  it('sends exact bytes, as drips if told to', async () => {
    const client = await open([
      { type: 'raw', chunks: [Buffer.from([0xff, 0xfe, 0x80]).toString('base64')], encoding: 'base64' },
      withDelivery({ writeBytes: 1 }),
    ]);
    expect((await collect(client)).types).toEqual([]);
    expect((await collect(client)).types).toContain('message_stop');
  });

  it('waits before the headers and between chunks as long as told', async () => {
    const client = await open([withDelivery({ delayBeforeHeadersMs: 60, delayBetweenChunksMs: 2 })]);
    const started = Date.now();
    const stream = await client.messages.create({ ...ASK, stream: true });
    const headersMs = Date.now() - started;
    let count = 0;
    for await (const _event of stream) count += 1;
    expect(headersMs).toBeGreaterThanOrEqual(55);
    expect(Date.now() - started - headersMs).toBeGreaterThanOrEqual(count);
  });
});
