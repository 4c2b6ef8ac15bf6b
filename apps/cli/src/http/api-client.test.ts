import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createApiClient } from './api-client.ts';
import { ApiUnreachableError } from './api-error.ts';

const servers: Server[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener, port = 0): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('createApiClient', () => {
  it('sends the key and answers the parsed body', async () => {
    const baseUrl = await serve((request, reply) => {
      reply.end(JSON.stringify({ key: request.headers.authorization, url: request.url }));
    });
    const client = createApiClient({ baseUrl, apiKey: 'nsk_x' });
    expect(await client.request({ method: 'GET', path: '/v1/x?limit=1' }, never)).toEqual({
      key: 'Bearer nsk_x',
      url: '/v1/x?limit=1',
    });
  });

  it('tries again with a fresh body when the answer may pass, and says so once', async () => {
    const bodies: string[] = [];
    const connections: boolean[] = [];
    const baseUrl = await serve(async (request, reply) => {
      let body = '';
      for await (const part of request) body += String(part);
      bodies.push(body);
      if (bodies.length === 1) request.socket.destroy();
      else if (bodies.length === 2) reply.writeHead(503).end('busy');
      else reply.end('{"ok":true}');
    });
    const client = createApiClient({ baseUrl, apiKey: 'k', onConnection: (value) => connections.push(value) });
    const body = () => new Blob(['bytes']).stream();
    expect(await client.request({ method: 'POST', path: '/', body }, never)).toEqual({ ok: true });
    expect(bodies).toEqual(['bytes', 'bytes', 'bytes']);
    expect(connections).toEqual([false, true]);
  });

  it('gives a refusal at once, in the words of the problem', async () => {
    let calls = 0;
    const baseUrl = await serve((_request, reply) => {
      calls += 1;
      reply
        .writeHead(413)
        .end(JSON.stringify({ code: 'payload_too_large', title: 'Too large', detail: '9 is over 8' }));
    });
    const client = createApiClient({ baseUrl, apiKey: 'k' });
    await expect(client.request({ method: 'GET', path: '/v1/x' }, never)).rejects.toMatchObject({
      name: 'ApiError',
      status: 413,
      code: 'payload_too_large',
      message: 'GET /v1/x: 413 9 is over 8 (payload_too_large)',
    });
    expect(calls).toBe(1);
  });

  it('gives up when patience ends, with the reason', async () => {
    const baseUrl = await serve(() => {});
    const server = servers.pop();
    await new Promise((resolve) => server?.close(resolve));
    const client = createApiClient({ baseUrl, apiKey: 'k' });
    const request = client.request({ method: 'GET', path: '/', patienceMs: 250 }, never);
    await expect(request).rejects.toThrow(ApiUnreachableError);
    await expect(request).rejects.toThrow(/ECONNREFUSED/);
  });

  it('ends with the reason of the signal, also between two tries', async () => {
    const stopping = new AbortController();
    const baseUrl = await serve((_request, reply) => reply.writeHead(503, { 'retry-after': '60' }).end());
    const client = createApiClient({ baseUrl, apiKey: 'k', onConnection: () => stopping.abort(new Error('stop')) });
    await expect(client.request({ method: 'GET', path: '/' }, stopping.signal)).rejects.toThrow(/abort|stop/);
  });
});
