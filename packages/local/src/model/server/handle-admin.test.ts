import { afterEach, describe, expect, it } from 'vitest';
import { type ModelServer, startModelServer } from './start-model-server.ts';

let server: ModelServer;
afterEach(() => server.close());

const ASK = { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'Hello there, dear reader.' }] };

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const response = await fetch(server.url + path, {
    method,
    headers: { 'content-type': 'application/json', authorization: 'Bearer secret', 'anthropic-version': '2026-10-21' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json() };
}

describe('handleAdmin', () => {
  it('scripts the server over HTTP, shows what was received without keys, and forgets it', async () => {
    server = await startModelServer({ streamDelayMs: 0, admin: true });
    const rules = [{ match: { contains: 'Hello' }, replies: [{ type: 'error', status: 529 }] }];
    const replies = [{ type: 'message', content: [{ type: 'text', text: 'queued' }] }];
    expect((await call('POST', '/__script', { rules, replies })).json).toEqual({ pending: 2 });
    expect((await call('POST', '/v1/messages', ASK)).status).toBe(529);
    expect((await call('POST', '/v1/messages', ASK)).json).toMatchObject({ content: [{ text: 'queued' }] });
    const { json } = await call('GET', '/__requests');
    expect(json).toMatchObject({
      requests: [{ verdict: { kind: 'well_formed' }, answer: { status: 529 } }, { body: ASK }],
    });
    expect(JSON.stringify(json)).not.toContain('secret');
    expect((await call('DELETE', '/__requests')).json).toEqual({ requests: [] });
    expect(server.requests).toHaveLength(0);
    await call('POST', '/__script', { replies });
    expect((await call('POST', '/__script', { reset: true })).json).toEqual({ pending: 0 });
  });

  it('says what is wrong with a script', async () => {
    server = await startModelServer({ admin: true });
    const bad = await call('POST', '/__script', { replies: [{ type: 'explode' }] });
    expect(bad).toMatchObject({ status: 400, json: { error: { message: expect.stringContaining('replies.0.type') } } });
    const field = await call('POST', '/__script', { rules: [{ match: { moon: 1 }, replies: [] }] });
    expect(field).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining('rules.0.match.moon') } },
    });
  });

  it('is not there unless the server was started with admin', async () => {
    server = await startModelServer();
    expect((await call('POST', '/__script', { replies: [] })).status).toBe(404);
    expect((await call('GET', '/__requests')).status).toBe(404);
  });
});
