import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../schemas/problem.ts';
import { answerProtocolErrors } from './answer-protocol-errors.ts';

let server: Server;
const answered: number[] = [];

beforeAll(async () => {
  server = createServer({ headersTimeout: 300, connectionsCheckingInterval: 50 }, (request, response) => {
    response.writeHead(200, { 'Content-Length': '10' });
    response.write('half');
    request.resume();
  });
  answerProtocolErrors(server, (status) => answered.push(status));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** All that the server sends until it closes the connection. */
function exchange(text: string, afterAnswer?: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(5_000, () => socket.destroy(new Error('the server did not close the connection')));
    socket.on('data', (data) => {
      if (answer === '' && afterAnswer !== undefined) socket.write(afterAnswer);
      answer += data;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)));
    socket.on('close', () => resolve(answer));
  });
}

describe('answerProtocolErrors', () => {
  it.each([
    ['a bad request line', 'NONSENSE\r\n\r\n', 400],
    ['a head that is not HTTP', '\u0016\u0003\u0001\u0002', 400],
    ['headers of 20 KB', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['headers that do not end', 'GET / HTTP/1.1\r\nHost: x\r\nX-A: ', 408],
    ['another expectation', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n', 417],
  ])('answers %s with a problem and closes the connection', async (_name, text, status) => {
    const answer = await exchange(text);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(head.toLowerCase()).toContain('connection: close');
    const problem = problemSchema.parse(JSON.parse(body));
    expect(problem).toMatchObject({ status, code: 'invalid_request', retryable: status === 408 });
    expect(head).toContain(problem.request_id);
    expect(answered.at(-1)).toBe(status);
  });

  it('closes a connection on which nothing was asked without an answer', async () => {
    const before = answered.length;
    expect(await exchange('')).toBe('');
    expect(answered).toHaveLength(before);
  });

  it('cuts the connection when half an answer is out, instead of writing a second head into it', async () => {
    const before = answered.length;
    const text = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await exchange(text, 'not a chunk\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(answered).toHaveLength(before);
  });
});
