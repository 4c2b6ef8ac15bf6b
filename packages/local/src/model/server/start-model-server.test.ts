import Anthropic from '@anthropic-ai/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signThinking } from '../protocol/sign-thinking.ts';
import { type ModelServer, type ModelServerOptions, startModelServer } from './start-model-server.ts';

let server: ModelServer;
let client: Anthropic;

async function restart(options: ModelServerOptions = {}): Promise<void> {
  await server?.close();
  server = await startModelServer({ streamDelayMs: 0, ...options });
  client = new Anthropic({ apiKey: 'test', baseURL: server.url, maxRetries: 0, logLevel: 'off' });
}

beforeEach(() => restart());
afterEach(() => server.close());

const PROSE =
  'The harbour office closed the northern gate on 3 May 2026 because the crane had lost a cable. The repair will cost €18,500 and take nine days. Ships are sent to the southern gate until then.';
const ASK = { model: 'claude-sonnet-5-5', max_tokens: 1_000, messages: [{ role: 'user' as const, content: PROSE }] };

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': 'k', 'anthropic-version': '2026-10-21', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

interface ErrorBody {
  type: string;
  error: { type: string; message: string };
  request_id: string;
}

async function readError(response: Response | undefined): Promise<ErrorBody> {
  return (await response?.json()) as ErrorBody;
}

describe('startModelServer with the real SDK', () => {
  it('answers messages.create whole, under its own name, with usage and a request id', async () => {
    const { data, response } = await client.messages.create(ASK).withResponse();
    expect(data.model).toBe('local-extractive-1');
    expect(data.stop_reason).toBe('end_turn');
    expect(data.content).toEqual([
      expect.objectContaining({ type: 'text', text: expect.stringContaining('not a language model') }),
    ]);
    expect(data.usage.input_tokens).toBeGreaterThan(30);
    expect(response.headers.get('request-id')).toMatch(/^req_/);
  });

  it('streams the same message that it answers whole', async () => {
    const whole = await client.messages.create(ASK);
    const types: string[] = [];
    for await (const event of await client.messages.create({ ...ASK, stream: true })) types.push(event.type);
    const streamed = await client.messages.stream(ASK).finalMessage();
    expect(types[0]).toBe('message_start');
    expect(types.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
    expect(types.filter((type) => type === 'content_block_delta').length).toBeGreaterThan(5);
    expect(streamed.content).toEqual(whole.content);
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  });

  it('sends a ping and event names equal to the data types on the wire', async () => {
    const text = await (await post('/v1/messages', { ...ASK, stream: true })).text();
    const frames = text
      .trim()
      .split('\n\n')
      .map((frame) => /^event: (.+)\ndata: (.+)$/.exec(frame));
    expect(frames.map((frame) => frame?.[1])).toContain('ping');
    for (const frame of frames) expect(JSON.parse(frame?.[2] ?? '{}').type).toBe(frame?.[1]);
  });

  it('counts tokens as the usage of the message does, tools and system included', async () => {
    const tools = [{ name: 'a', description: 'does a thing', input_schema: { type: 'object' as const } }];
    const { max_tokens: _m, ...asked } = { ...ASK, system: 'Be brief.', tools };
    const { input_tokens } = await client.messages.countTokens(asked);
    const bare = await client.messages.countTokens({ model: 'm', messages: ASK.messages });
    expect((await client.messages.create({ ...ASK, system: 'Be brief.', tools })).usage.input_tokens).toBe(
      input_tokens,
    );
    expect(input_tokens).toBeGreaterThan(bare.input_tokens + 10);
  });

  it('lists its one model', async () => {
    const page = await client.models.list();
    expect(page.data.map((model) => model.id)).toEqual(['local-extractive-1']);
    expect((await client.models.retrieve('local-extractive-1')).max_input_tokens).toBe(32_000);
    await expect(client.models.retrieve('other')).rejects.toThrow(Anthropic.NotFoundError);
  });

  it('stops at max_tokens and at stop sequences as the API does', async () => {
    expect((await client.messages.create({ ...ASK, max_tokens: 5 })).stop_reason).toBe('max_tokens');
    const stopped = await client.messages.create({ ...ASK, stop_sequences: ['(Extracted'] });
    expect([stopped.stop_reason, stopped.stop_sequence]).toEqual(['stop_sequence', '(Extracted']);
  });

  it('answers equal requests equally', async () => {
    const [first, second] = [await client.messages.create(ASK), await client.messages.create(ASK)];
    expect(second).toEqual(first);
  });

  it('refuses a prompt over its window and keeps the verdict', async () => {
    await restart({ contextWindowTokens: 20 });
    await expect(client.messages.create(ASK)).rejects.toThrow(/prompt is too long: \d+ tokens > 20 maximum/);
    expect(server.requests.map((request) => request.verdict.kind)).toEqual(['too_long']);
    expect(server.requests[0]?.answer?.status).toBe(400);
  });

  it('refuses requests without key, without version, to unknown paths, too large or not JSON', async () => {
    const statuses = [
      await fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{}' }),
      await post('/v1/messages', ASK, { 'anthropic-version': '' }).then((r) => r),
      await post('/v1/nothing', {}),
      await post('/v1/messages', 'x'.repeat(33 * 1024 * 1024)),
      await post('/v1/messages', '{"model":'),
    ];
    expect(statuses.map((response) => response.status)).toEqual([401, 200, 404, 413, 400]);
    const bodies = await Promise.all([statuses[0], statuses[2], statuses[3], statuses[4]].map(readError));
    expect(bodies.map((body) => body.error.type)).toEqual([
      'authentication_error',
      'not_found_error',
      'request_too_large',
      'invalid_request_error',
    ]);
    expect(bodies.every((body) => body.type === 'error' && body.request_id.startsWith('req_'))).toBe(true);
  });
});

const CALL = (id: string) => ({ type: 'tool_use', id, name: 'a', input: {} });
const RESULT = (id: string, extra = {}) => ({ type: 'tool_result', tool_use_id: id, content: 'ok', ...extra });
const TALK = (...turns: unknown[]) => ({
  ...ASK,
  messages: ['hi', ...turns].map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })),
});

describe('startModelServer refuses malformed requests in the words of the API', () => {
  const cases: [string, unknown, RegExp][] = [
    ['no messages', { ...ASK, messages: [] }, /at least one message is required/],
    [
      'assistant first',
      { ...ASK, messages: [{ role: 'assistant', content: 'x' }] },
      /first message must use the "user" role/,
    ],
    ['unknown role', { ...ASK, messages: [{ role: 'tool', content: 'x' }] }, /messages\.0\.role: Input should be/],
    ['no max_tokens', { model: 'm', messages: ASK.messages }, /max_tokens: Field required/],
    ['max_tokens 0', { ...ASK, max_tokens: 0 }, /max_tokens: Input should be greater than or equal to 1/],
    ['unknown field', { ...ASK, foo: 1 }, /foo: Extra inputs are not permitted/],
    [
      'empty content',
      { ...ASK, messages: [{ role: 'user', content: [] }] },
      /all messages must have non-empty content/,
    ],
    [
      'empty text',
      { ...ASK, messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      /text content blocks must be non-empty/,
    ],
    ['blank text', { ...ASK, messages: [{ role: 'user', content: '  ' }] }, /must contain non-whitespace text/],
    [
      'unknown block',
      { ...ASK, messages: [{ role: 'user', content: [{ type: 'hologram' }] }] },
      /Input tag 'hologram' found using 'type'/,
    ],
    [
      'call without result',
      TALK([CALL('t1')], 'no'),
      /`tool_use` ids were found without `tool_result` blocks immediately after: t1/,
    ],
    ['call at the end', TALK([CALL('t1')]), /without `tool_result` blocks/],
    [
      'result behind text',
      TALK([CALL('t1')], [{ type: 'text', text: 'x' }, RESULT('t1')]),
      /without `tool_result` blocks/,
    ],
    ['result without call', TALK('x', [RESULT('t9')]), /unexpected `tool_use_id` found in `tool_result` blocks: t9/],
    [
      'two results',
      TALK([CALL('t1')], [RESULT('t1'), RESULT('t1')]),
      /Found multiple `tool_result` blocks with id: t1/,
    ],
    [
      'results out of order',
      TALK([CALL('t1'), CALL('t2')], [RESULT('t2'), RESULT('t1')]),
      /in the order of their `tool_use`/,
    ],
    ['one id twice', TALK([CALL('t1')], [RESULT('t1')], [CALL('t1')], [RESULT('t1')]), /`tool_use` ids must be unique/],
    [
      'tool input no object',
      TALK([{ ...CALL('t1'), input: 'x' }], [RESULT('t1')]),
      /tool_use\.input: Input should be a valid dictionary/,
    ],
    [
      'empty error result',
      TALK([CALL('t1')], [RESULT('t1', { is_error: true, content: '' })]),
      /content cannot be empty if `is_error` is true/,
    ],
    [
      'call by the user',
      { ...ASK, messages: [{ role: 'user', content: [CALL('t1')] }] },
      /can only be in `assistant` messages/,
    ],
    [
      'tool name',
      { ...ASK, tools: [{ name: 'a b', input_schema: { type: 'object' } }] },
      /tools\.0\.custom\.name: String should match pattern/,
    ],
    [
      'tool schema',
      { ...ASK, tools: [{ name: 'a', input_schema: { type: 'array' } }] },
      /input_schema\.type: Input should be 'object'/,
    ],
    [
      'tools alike',
      { ...ASK, tools: [0, 1].map(() => ({ name: 'a', input_schema: { type: 'object' } })) },
      /Tool names must be unique/,
    ],
    [
      'tool_choice',
      { ...ASK, tools: [], tool_choice: { type: 'tool', name: 'b' } },
      /Tool 'b' not found in provided tools/,
    ],
    [
      'forged thinking',
      TALK([{ type: 'thinking', thinking: 'x', signature: 'y' }], 'go'),
      /Invalid `signature` in `thinking` block/,
    ],
  ];
  it.each(cases)('%s', async (_name, body, wording) => {
    const response = await post('/v1/messages', body);
    const answer = await readError(response);
    expect([response.status, answer.error.type]).toEqual([400, 'invalid_request_error']);
    expect(answer.error.message).toMatch(wording);
    expect(server.requests[0]?.verdict).toMatchObject({ kind: 'malformed', status: 400 });
  });

  it('accepts a well-formed tool conversation, system turns and its own thinking blocks', async () => {
    const thinking = { type: 'thinking', thinking: 'I think', signature: signThinking('I think') };
    const body = TALK(
      [thinking, CALL('t1'), CALL('t2')],
      [RESULT('t1'), RESULT('t2', { content: [{ type: 'text', text: 'y' }] })],
    );
    const messages = [...body.messages, { role: 'system', content: 'note' }, { role: 'user', content: 'go on' }];
    expect((await post('/v1/messages', { ...body, messages })).status).toBe(200);
    expect(server.requests[0]?.verdict.kind).toBe('well_formed');
    expect(server.requests[0]?.turn).toBe(2);
  });
});
