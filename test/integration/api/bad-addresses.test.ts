import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    expect(await sendRaw(api.url, 'TRACE /tasks HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
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
    const answer = await sendRaw(api.url, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
  });
});
