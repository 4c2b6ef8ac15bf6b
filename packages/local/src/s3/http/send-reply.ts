import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConnectionLostError } from './connection-lost-error.ts';
import type { Exchange } from './exchange.ts';
import type { ReplyBody, S3Reply } from './s3-reply.ts';

/** How much of a body nobody wants is still read after an early answer, so that the client gets to see that answer. */
const LINGER_MAX_BYTES = 4 * 1024 * 1024;
const LINGER_MAX_MS = 1000;

export interface SendReplyOptions {
  exchange: Exchange;
  reply: S3Reply;
  /** Cuts the connection after the headers and at most so many bytes of the body; null sends all. */
  cutAfterBytes: number | null;
}

/**
 * Sends a reply and waits until it was handed to the system.
 * @throws ConnectionLostError when the client left, or the connection was cut as asked
 */
export async function sendReply({ exchange, reply, cutAfterBytes }: SendReplyOptions): Promise<void> {
  const { message, response } = exchange;
  const isBodyless = message.method === 'HEAD' || reply.status === 204 || reply.status === 304;
  const body: ReplyBody = isBodyless ? { kind: 'none' } : reply.body;
  const mustClose = !message.complete;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  const length = lengthOf(body);
  if (length !== null && !isBodyless) response.setHeader('content-length', length);
  if (mustClose) response.setHeader('connection', 'close');
  response.writeHead(reply.status);
  response.flushHeaders();

  let leftBytes = cutAfterBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of toChunks(body)) {
    const part = chunk.length > leftBytes ? chunk.subarray(0, leftBytes) : chunk;
    leftBytes -= part.length;
    if (part.length > 0) await writeChunk(response, part);
    if (leftBytes === 0) break;
  }
  if (cutAfterBytes !== null) {
    message.socket.destroySoon();
    throw new ConnectionLostError('cut by a scripted fault');
  }
  if (mustClose && exchange.isBodyComing) await linger(message);
  await endResponse(response);
}

function lengthOf(body: ReplyBody): number | null {
  switch (body.kind) {
    case 'none':
      return 0;
    case 'text':
      return Buffer.byteLength(body.text);
    case 'stream':
      return null;
  }
}

async function* toChunks(body: ReplyBody): AsyncGenerator<Buffer> {
  switch (body.kind) {
    case 'none':
      return;
    case 'text':
      yield Buffer.from(body.text);
      return;
    case 'stream':
      yield* body.chunks;
  }
}

async function writeChunk(response: ServerResponse, chunk: Buffer): Promise<void> {
  if (response.destroyed) throw new ConnectionLostError('the client left');
  if (response.write(chunk)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      response.off('drain', settle);
      response.off('close', settle);
      if (response.destroyed) reject(new ConnectionLostError('the client left'));
      else resolve();
    };
    response.on('drain', settle);
    response.on('close', settle);
  });
}

async function endResponse(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    response.once('close', () => {
      if (response.writableFinished) resolve();
      else reject(new ConnectionLostError('the client left'));
    });
    response.once('finish', resolve);
    response.end();
    if (response.destroyed) reject(new ConnectionLostError('the client left'));
  });
}

/**
 * Reads on after an early answer. A socket closed with unread bytes in it is reset, and the reset may overtake the answer
 * on its way to the client.
 */
async function linger(message: IncomingMessage): Promise<void> {
  if (message.complete || message.destroyed) return;
  await new Promise<void>((resolve) => {
    let readBytes = 0;
    const stop = (): void => {
      clearTimeout(timer);
      message.off('data', count);
      message.off('end', stop);
      message.off('close', stop);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      readBytes += chunk.length;
      if (readBytes > LINGER_MAX_BYTES) stop();
    };
    const timer = setTimeout(stop, LINGER_MAX_MS);
    message.on('data', count);
    message.on('end', stop);
    message.on('close', stop);
    message.on('error', () => {});
    message.resume();
  });
}
