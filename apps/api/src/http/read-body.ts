import type { IncomingMessage } from 'node:http';
import { createFailure } from '@nightshift/domain';
import { RequestError, refuse } from './refuse.ts';

/** Longest a JSON body may take to arrive: a drip of one byte a second must not hold memory for minutes. */
const BODY_TIMEOUT_MS = 30_000;

/** Bytes of bodies that are being read, over all requests of a process. */
export interface BodyBudget {
  bytesInFlight: number;
  readonly maxBytes: number;
}

/**
 * Reads the body of a request as it came, up to `maxBytes`. Our own reader, because idempotency compares the very bytes,
 * and because nothing is inflated: a compressed body is refused before a byte of it is read.
 * @throws RequestError payload_too_large, unsupported_media_type, invalid_request, unavailable
 */
export async function readBody(request: IncomingMessage, maxBytes: number, budget: BodyBudget): Promise<Buffer> {
  refuseEncoding(request);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => request.destroy(), BODY_TIMEOUT_MS);
  try {
    // Leaving the loop must not destroy the request: the refusal still has to be sent over the same socket.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      budget.bytesInFlight += chunk.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      if (budget.bytesInFlight > budget.maxBytes) throw tooMany();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw refuse('invalid_request', 'The body did not arrive completely.');
  } finally {
    clearTimeout(timer);
    budget.bytesInFlight -= length;
  }
}

/** @throws RequestError unsupported_media_type when the body is compressed */
export function refuseEncoding(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw refuse('unsupported_media_type', 'Compressed bodies are not accepted. Send it without Content-Encoding.');
  }
}

export function tooLarge(maxBytes: number): RequestError {
  return refuse('payload_too_large', `The body may have at most ${maxBytes} bytes.`);
}

function tooMany(): RequestError {
  const message = 'Too many large requests are being received at once. Try again in a moment.';
  return new RequestError(createFailure('unavailable', message, { retryAfterMs: 1_000 }), []);
}
