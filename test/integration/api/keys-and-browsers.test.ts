import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createId, type TaskId } from '../../../packages/domain/src/index.ts';
import { expectProblem } from './expect-problem.ts';
import { sendRaw } from './send-raw.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

/** Numbers are those of SECURITY.md. */
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

describe('keys', () => {
  it('S26 answers every wrong credential with the same 401', async () => {
    const call = (authorization: string | undefined) =>
      api.call('GET', '/tasks', { key: null, headers: authorization === undefined ? {} : { authorization } });
    const wrong = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer x',
      `Bearer ${'x'.repeat(10_000)}`,
      `Basic ${api.key}`,
      api.key,
      `Bearer ${api.key} ${api.key}`,
      `Bearer ${api.key}, Bearer ${api.key}`,
      `Bearer ${api.key.toUpperCase()}`,
    ];
    const bodies = new Set<string>();
    for (const authorization of wrong) {
      const response = await call(authorization);
      const problem = await expectProblem(response, 401, { code: 'unauthorized' });
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      bodies.add(JSON.stringify({ ...problem, request_id: '' }));
    }
    expect(bodies.size).toBe(1);
    expect((await call(`bearer ${api.key}`)).status).toBe(200);
  });

  it('S26 refuses two Authorization headers, whichever of them is right', async () => {
    const right = `Authorization: Bearer ${api.key}\r\n`;
    const send = (headers: string) => sendRaw(api.url, `GET /tasks HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
    expect(await send(right)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await send(`${right}Authorization: Bearer x\r\n`)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await send(`authorization: Bearer x\r\n${right}`)).toMatch(/^HTTP\/1\.1 401 /);
    expect(await send(right + right)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('S23 does not accept a key in the query', async () => {
    await expectProblem(await api.call('GET', `/tasks?access_token=${api.key}`, { key: null }), 401);
  });

  it('S24 stops accepting a revoked key within seconds, and an expired one at once', async () => {
    const { key } = await api.createKey();
    await api.context.pool.query("update api_keys set expires_at = now() - interval '1 second' where prefix = $1", [
      key.slice(0, 8),
    ]);
    await expectProblem(await api.call('GET', '/tasks', { key }), 401);
  });

  it('S29 keeps a key within its scopes', async () => {
    const reader = (await api.createKey({ tenantId: api.tenantId, scopes: ['tasks:read'] })).key;
    const submitted = await api.call('POST', '/tasks', { body: { agent: 'test', input: 1 } });
    const { id } = (await submitted.json()) as { id: TaskId };
    const body = { agent: 'test', input: 1 };
    await expectProblem(await api.call('POST', '/tasks', { key: reader, body }), 403, { code: 'forbidden' });
    await expectProblem(await api.call('POST', `/tasks/${id}/cancel`, { key: reader }), 403);
    await expectProblem(await api.call('POST', `/tasks/${id}/replay`, { key: reader }), 403);
    await expectProblem(await api.call('GET', '/dead-letters', { key: reader }), 403);
    expect((await api.call('GET', `/tasks/${id}`, { key: reader })).status).toBe(200);
    const admin = (await api.createKey({ tenantId: api.tenantId, scopes: ['admin'] })).key;
    expect((await api.call('GET', '/dead-letters', { key: admin })).status).toBe(200);
  });
});

describe('browsers', () => {
  it('S15 lets any page read with a token of its own, and none with credentials or to write', async () => {
    const origin = { origin: 'https://evil.example' };
    const read = await api.call('GET', '/tasks', { headers: origin });
    expect(read.headers.get('access-control-allow-origin')).toBe('*');
    expect(read.headers.get('access-control-allow-credentials')).toBeNull();
    const preflight = await api.call('OPTIONS', '/tasks', {
      key: null,
      headers: { ...origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET');
    const written = await api.call('POST', '/tasks', { headers: origin, body: { agent: 'test', input: 1 } });
    expect(written.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('sends headers that let nothing run or be framed', async () => {
    const response = await api.call('GET', '/tasks');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'cache-control': 'no-store',
    });
    expect(response.headers.get('x-powered-by')).toBeNull();
  });
});

describe('failures of ours', () => {
  it('S18 says nothing of itself when the database is away', async () => {
    const broken = await startTestApi();
    const { key } = broken;
    expect((await broken.call('GET', '/tasks')).status).toBe(200);
    const query = broken.context.pool.query.bind(broken.context.pool);
    try {
      const fail = (error: Error) => Object.assign(broken.context.pool, { query: () => Promise.reject(error) });
      fail(Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' }));
      const away = await broken.call('GET', '/tasks', { key });
      expect(away.headers.get('retry-after')).toBe('1');
      expect(JSON.stringify(await expectProblem(away, 503, { code: 'unavailable' }))).not.toContain('10.0.0.7');
      expect((await broken.call('GET', '/readyz')).status).toBe(503);
      // EventSource would never come back after a 503.
      const path = `/tasks/${createId('task')}/events`;
      const stream = await broken.call('GET', path, { key, headers: { accept: 'text/event-stream' } });
      expect([stream.status, await stream.text()]).toEqual([200, expect.stringMatching(/retry: 1[5-7]\d{3}\n\n$/)]);
      fail(new Error('column "secret" does not exist'));
      const bug = await broken.call('GET', '/tasks', { key });
      expect(JSON.stringify(await expectProblem(bug, 500, { code: 'internal' }))).not.toContain('secret');
    } finally {
      Object.assign(broken.context.pool, { query });
      await broken.stop();
    }
  });

  it('counts requests by route and never by address', async () => {
    await api.call('GET', '/nothing/at/all');
    const text = await (await api.call('GET', '/metrics', { key: null })).text();
    expect(text).toContain('nightshift_http_requests_total{route="GET /tasks",status="200"}');
    expect(text).toContain('route="none",status="404"');
    expect(text).not.toContain('/nothing');
  });
});
