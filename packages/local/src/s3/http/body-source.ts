import { ConnectionLostError } from './connection-lost-error.ts';
import type { Exchange } from './exchange.ts';

/**
 * The bytes of a request's body as they come over the wire. The client is told to go on only when the first of them is
 * wanted, so that a refused upload is not sent at all.
 * @param cutAfterBytes cuts the connection after so many bytes; null reads all
 */
export async function* readBody(exchange: Exchange, cutAfterBytes: number | null): AsyncGenerator<Buffer> {
  const { message, response } = exchange;
  if (!exchange.isBodyComing) response.writeContinue();
  exchange.isBodyComing = true;
  let leftBytes = cutAfterBytes ?? Number.POSITIVE_INFINITY;
  try {
    // Leaving early must not destroy the message: its rest has to be read off before the socket may be closed.
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
