import type { IncomingMessage } from 'node:http';
import { ModelApiError } from '../protocol/api-error.ts';

/** The Messages API's own limit of a request body. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Reads a whole body, or throws `request_too_large` once it is over the limit. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Reading goes on without keeping anything, so that the client gets to see the answer.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (bytes > MAX_BODY_BYTES)
    throw new ModelApiError('request_too_large', 'Request exceeds the maximum allowed number of bytes.');
  return Buffer.concat(chunks);
}

/** Parses a JSON body, or throws `invalid_request_error`. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ModelApiError('invalid_request_error', `The request body is not valid JSON: ${reason}`);
  }
}
