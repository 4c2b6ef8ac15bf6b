import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../../apps/api/src/schemas/problem.ts';
import type { TaskId } from '../../../packages/domain/src/index.ts';
import { startTestApi, type TestApi } from './start-test-api.ts';

/** Numbers are those of SECURITY.md. */
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});

afterAll(async () => {
  await api.stop();
});

const JSON_TYPE = { 'content-type': 'application/json' };

function post(body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) {
  return api.call('POST', '/v1/tasks', { body, headers });
}

async function expectProblem(response: Response, status: number, part: object = {}) {
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = problemSchema.parse(await response.json());
  expect(problem).toMatchObject({ status, request_id: response.headers.get('x-request-id'), ...part });
  return problem;
}

/** Sends bytes as they are and returns the first bytes of the answer, '' when the connection was closed without one. */
function sendRaw(text: string): Promise<string> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('latin1');
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (data: string) => {
      answer += data;
      if (answer.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

describe('bad bodies', () => {
  it.each([
    ['S01 broken JSON', '{bad', 'malformed_json'],
    ['S01 an HTML page', '<html></html>', 'malformed_json'],
    ['S07 a byte order mark', '\ufeff{"agent":"test","input":1}', 'malformed_json'],
    ['S09 nothing', '', 'malformed_json'],
    ['S09 a string', '"str"', 'invalid_request'],
    ['S09 an array', '[]', 'invalid_request'],
    ['S09 null', 'null', 'invalid_request'],
    ['S02 45,000 levels', `{"agent":"test","input":${'['.repeat(45_000)}${']'.repeat(45_000)}}`, 'invalid_request'],
    ['S02 objects 100 deep', `{"agent":"test","input":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}`, 'invalid_request'],
    ['S04 __proto__', '{"agent":"test","input":1,"__proto__":{"admin":1}}', 'invalid_request'],
    ['S04 nested __proto__', '{"agent":"test","input":{"__proto__":{"admin":1}}}', 'invalid_request'],
    ['S04 constructor', '{"agent":"test","input":1,"constructor":{"prototype":{}}}', 'invalid_request'],
    ['S04 toString', '{"agent":"test","input":1,"toString":1,"hasOwnProperty":1}', 'invalid_request'],
    ['S06 1e400', '{"agent":"test","input":{"n":1e400}}', 'invalid_request'],
    ['S06 2^53 + 1', '{"agent":"test","input":[9007199254740993]}', 'invalid_request'],
    ['S06 NaN', '{"agent":"test","input":NaN}', 'malformed_json'],
    ['S07 NUL in a tag', '{"agent":"test","input":1,"tags":["a\\u0000"]}', 'invalid_request'],
    ['S07 NUL in metadata', '{"agent":"test","input":1,"metadata":{"a":"\\u0000"}}', 'invalid_request'],
    ['S07 NUL in a key', '{"agent":"test","input":1,"metadata":{"\\u0000":"a"}}', 'invalid_request'],
    ['S07 half a character', '{"agent":"test","input":1,"tags":["\\ud83d"]}', 'invalid_request'],
    ['no input', '{"agent":"test"}', 'invalid_request'],
    ['an agent nobody knows', '{"agent":"nobody","input":1}', 'invalid_request'],
    ['a limit of zero', '{"agent":"test","input":1,"limits":{"max_turns":0}}', 'invalid_request'],
    ['a deadline in the past', '{"agent":"test","input":1,"deadline_at":"2001-01-01T00:00:00Z"}', 'invalid_request'],
    ['a deadline that is none', '{"agent":"test","input":1,"deadline_at":"tomorrow"}', 'invalid_request'],
  ])('refuses %s', async (_name, body, code) => {
    await expectProblem(await post(body), 400, { code });
  });

  it('refuses bytes that are not UTF-8', async () => {
    const body = new Uint8Array([...Buffer.from('{"agent":"test","input":"'), 0xff, 0xfe, ...Buffer.from('"}')]);
    await expectProblem(await post(body), 400, { code: 'malformed_json' });
  });

  it('names every unknown field and echoes no value', async () => {
    const response = await post('{"agent":"test","input":1,"retries":"s3cret","a/b":1}');
    const problem = await expectProblem(response, 400, { code: 'invalid_request' });
    expect(problem.errors?.map((error) => error.pointer).sort()).toEqual(['/a~1b', '/retries']);
    expect(JSON.stringify(problem)).not.toContain('s3cret');
  });

  it('S05 accepts duplicate keys as JSON.parse reads them, and fingerprints the bytes', async () => {
    const headers = { ...JSON_TYPE, 'idempotency-key': 's05' };
    expect((await post('{"agent":"nobody","agent":"test","input":1}', headers)).status).toBe(202);
    await expectProblem(await post('{"agent":"test","input":1}', headers), 422);
  });

  it.each([
    ['text/plain', { 'content-type': 'text/plain' }],
    ['utf-16', { 'content-type': 'application/json; charset=utf-16' }],
    ['a form', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['gzip', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ])('S08 refuses %s with 415', async (_name, headers) => {
    await expectProblem(await post('{"agent":"test","input":1}', headers), 415);
  });

  it('S03 refuses what is too large, declared or not, and inflates nothing', async () => {
    const big = 'x'.repeat(5 * 1024 * 1024);
    const declared = await post(`{"agent":"test","input":"${big}"}`).catch(() => undefined);
    if (declared) await expectProblem(declared, 413);
    const chunked = await sendRaw(
      `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${`100000\r\n${'y'.repeat(0x100000)}\r\n`.repeat(5)}`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await expectProblem(await post(bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' }), 415);
    expect(api.context.bodyBudget.bytesInFlight).toBe(0);
  });

  it('survives a body that stops half-way', async () => {
    const { hostname, port } = new URL(api.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(
          `POST /v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a`,
          () => socket.destroy(),
        );
      });
      socket.on('close', () => resolve());
    });
    expect((await api.call('GET', '/livez')).status).toBe(200);
  });
});

describe('bad addresses and queries', () => {
  it.each([
    '/tasks/%00',
    '/tasks/%ff',
    '/tasks/..%2f..%2fetc%2fpasswd',
    '/tasks/task_01ARYZ6S41TSV4RRFFQ69G5FAV',
    '/tasks/TASK_01h455vb4pex5vsknk084sn02q',
    '/tasks/task_01h455vb4pex5vsknk084sn02q%20',
    '/tasks/tаsk_01h455vb4pex5vsknk084sn02q',
    '/tasks/batch_01h455vb4pex5vsknk084sn02q',
    '/tasks/task_81h455vb4pex5vsknk084sn02q',
    '/nothing',
    '/v1/v1/tasks',
    '/V1/tasks',
  ])('S11 answers 404 to %s', async (path) => {
    await expectProblem(await api.call('GET', path), 404, { code: 'not_found' });
  });

  it.each([
    '/tasks?limit=1&limit=2',
    '/tasks?limit[a]=1',
    '/tasks?limit=-1',
    '/tasks?limit=0',
    '/tasks?limit=1e9',
    '/tasks?limit=1000000000',
    '/tasks?limit=',
    '/tasks?nothing=1',
    '/tasks?status=sleeping',
    '/tasks?after=task_x',
    '/tasks?created_after=yesterday',
    '/tasks?agent=%00',
    '/tasks?__proto__=1',
    '/files?name=x',
    '/batches?before=1',
    '/dead-letters?reason=none',
  ])('S10 answers 400 to %s', async (path) => {
    await expectProblem(await api.call('GET', path), 400, { code: 'invalid_request' });
  });

  it('S10 S11 answers an id of 8 KB like any other that is not there', async () => {
    await expectProblem(await api.call('GET', `/tasks/${'a'.repeat(8_000)}`), 404);
    await expectProblem(await api.call('GET', `/tasks?after=${'9'.repeat(10_000)}`), 400);
  });

  it('S14 knows the methods of every address', async () => {
    const response = await api.call('PUT', '/v1/tasks', { body: {} });
    await expectProblem(response, 405, { code: 'method_not_allowed' });
    expect(response.headers.get('allow')).toBe('POST, GET, HEAD, OPTIONS');
    expect((await api.call('OPTIONS', '/tasks')).status).toBe(204);
    const overridden = await api.call('GET', '/tasks', { headers: { 'x-http-method-override': 'DELETE' } });
    expect(overridden.status).toBe(200);
    expect(await sendRaw('TRACE /tasks HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    const head = await api.call('HEAD', '/tasks');
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it.each([
    [
      'CL and TE',
      'POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['two CL', 'POST /tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd', 400],
    ['no Host', 'GET /tasks HTTP/1.1\r\n\r\n', 400],
    ['20 KB of header', `GET /tasks HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ])('S12 refuses %s', async (_name, text, status) => {
    expect(await sendRaw(text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
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
