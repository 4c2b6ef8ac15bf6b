import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConnectionLostError } from './connection-lost-error.ts';

export interface BodySourceOptions {
  message: IncomingMessage;
  response: ServerResponse;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  expectsContinue: boolean;
  /** Null to read it all. */
  cutAfterBytes: number | null;
}

/**
 * The bytes of a request's body as they come over the wire. The client is told to go on only when the first of them is
 * wanted, so that a refused upload is not sent at all.
 */
export async function* readBody(options: BodySourceOptions): AsyncGenerator<Buffer> {
  const { message, response, cutAfterBytes } = options;
  if (options.expectsContinue) response.writeContinue();
  let leftBytes = cutAfterBytes ?? Number.POSITIVE_INFINITY;
  try {
    // Leaving early must not destroy the message: its socket still has to carry the refusal.
    for await (const chunk of message.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('a request body yielded something else than bytes');
      leftBytes -= chunk.length;
      if (leftBytes <= 0) break;
      yield chunk;
    }
  } catch (cause) {
    if (message.destroyed && !message.complete) throw new ConnectionLostError('the client left', { cause });
    throw cause;
  }
  if (cutAfterBytes === null) return;
  message.socket.destroy();
  throw new ConnectionLostError('cut by a scripted fault');
}
