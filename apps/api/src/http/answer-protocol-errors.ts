import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { createId } from '@nightshift/domain';
import type { Problem } from './to-problem.ts';

const DETAILS = {
  400: 'The request is not valid HTTP/1.1.',
  408: 'The request was not complete in time.',
  413: 'The chunks of the body have extensions that are too long.',
  417: 'The only expectation that can be met is 100-continue.',
  431: 'The headers are too large.',
} as const;

type ProtocolStatus = keyof typeof DETAILS;

/** Node's names of what it gives up on (node:http, event clientError); anything else is a request it cannot read. */
const STATUS_BY_CODE: ReadonlyMap<unknown, ProtocolStatus> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/**
 * Answers what never becomes a request with a problem too, and closes the connection: where such a request ends and
 * the next one begins nobody knows. `onAnswer` is told the status of each.
 */
export function answerProtocolErrors(server: Server, onAnswer: (status: ProtocolStatus) => void): void {
  const answering = new WeakMap<Duplex, ServerResponse>();
  server.on('request', ({ socket }, response) => answering.set(socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = answering.get(socket);
    const isHalfWay = response?.headersSent === true && !response.writableFinished;
    // A browser opens connections ahead of need, and would take a 408 on one for the answer to what it asks next: an
    // EventSource gives up for good on that.
    const isUnused = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && 'bytesRead' in socket && socket.bytesRead === 0;
    // Nobody is there any more, or a second head in the middle of an answer would be read as part of it.
    if (error.code === 'ECONNRESET' || !socket.writable || isHalfWay || isUnused) {
      socket.destroy();
      return;
    }
    const status = STATUS_BY_CODE.get(error.code) ?? 400;
    const { headers, body } = toAnswer(status);
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`, () => socket.destroy());
    onAnswer(status);
  });
  server.on('checkExpectation', (_request, response) => {
    const { headers, body } = toAnswer(417);
    response.writeHead(417, headers).end(body);
    onAnswer(417);
  });
}

/** RFC 9457: `about:blank` says no more than the status does. */
function toAnswer(status: ProtocolStatus): { headers: Record<string, string>; body: string } {
  const problem: Problem = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: DETAILS[status],
    instance: '',
    code: 'invalid_request',
    request_id: createId('req'),
    retryable: status === 408,
  };
  const body = JSON.stringify(problem);
  return {
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': problem.request_id,
      Connection: 'close',
    },
    body,
  };
}
