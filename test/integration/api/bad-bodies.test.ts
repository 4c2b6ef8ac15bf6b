import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
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

const JSON_TYPE = { 'content-type': 'application/json' };

function post(body: string | Uint8Array, headers: Record<string, string> = JSON_TYPE) {
  return api.call('POST', '/v1/tasks', { body, headers });
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
      api.url,
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
