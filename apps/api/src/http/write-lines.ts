import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A download whose client takes nothing for so long is cut off. */
const SLOW_READER_TIMEOUT_MS = 60_000;

/**
 * Writes one JSON text a line, no faster than the client reads. The first line is made before anything is sent, so that
 * a failure until then is an honest error; a later one cuts the connection, and a cut answer is seen to be incomplete.
 */
export async function writeLines(response: ServerResponse, values: AsyncGenerator<unknown>): Promise<void> {
  const first = await values.next();
  async function* toText() {
    if (first.done) return;
    yield `${JSON.stringify(first.value)}\n`;
    for await (const value of values) yield `${JSON.stringify(value)}\n`;
  }
  response.setTimeout(SLOW_READER_TIMEOUT_MS, () => response.destroy());
  await pipeline(Readable.from(toText(), { objectMode: false }), response);
}
