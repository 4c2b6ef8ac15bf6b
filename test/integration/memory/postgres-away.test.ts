import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAnthropicProvider } from '../../../packages/model/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import {
  createEventFixture,
  createLostConnection,
  dataOf,
  type EventFixture,
  textDelta,
} from '../eventlog/event-fixture.ts';

/** Less than a reply may have in all. */
const DELTAS = 4_000;
const DELTA_CHARS = 900;
/** What surrounds the text, so that there is more to send than sockets can hold. */
const PADDING = 'p'.repeat(3_000);
const MIB = 1024 * 1024;
/** Buffers of both sockets, the task's own buffer, what the client has read ahead. */
const MAX_AHEAD_BYTES = 11 * MIB;

let fixture: EventFixture;
beforeAll(async () => {
  fixture = await createEventFixture();
});
afterAll(() => fixture.close());

const frame = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** A model that sends 16 MB as fast as the socket takes it. */
async function startFastModel() {
  let sentBytes = 0;
  const server = createServer(async (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = async (text: string) => {
      sentBytes += text.length;
      if (!response.write(text)) await once(response, 'drain');
    };
    const usage = { input_tokens: 1, output_tokens: 1 };
    const message = { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [], usage };
    await send(frame('message_start', { message }));
    await send(frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }));
    for (let n = 0; n < DELTAS && !response.destroyed; n++) {
      const text = `${n} `.padEnd(DELTA_CHARS, 'x');
      await send(frame('content_block_delta', { index: 0, delta: { type: 'text_delta', text }, PADDING }));
    }
    await send(frame('content_block_stop', { index: 0 }));
    await send(frame('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }));
    response.end(frame('message_stop', {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    sentBytes: () => sentBytes,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

describe('a model that streams fast while Postgres is away', () => {
  it('is slowed down to a stop: nothing grows, and everything arrives in order afterwards', async () => {
    const model = await startFastModel();
    const log = await fixture.openLog();
    let isAway = true;
    fixture.flushTap.before = () => {
      if (isAway) throw createLostConnection();
    };
    const provider = createAnthropicProvider({ apiKey: 'test', baseUrl: model.url });
    const turn = provider.streamTurn(
      {
        model: 'm',
        system: '',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'go' }] }],
        tools: [],
        maxOutputTokens: 1_000_000,
      },
      {
        listener: {
          onText: (block, text) => log.emit(textDelta(text, block)),
          onTextEnd: async () => undefined,
          onThinking: async () => undefined,
          onThinkingEnd: async () => undefined,
        },
        signal: new AbortController().signal,
      },
    );
    let last = -1;
    await eventually('the model is stopped', async () => {
      const before = model.sentBytes();
      await new Promise((resolve) => setTimeout(resolve, 400)); // a window of time is what is measured
      last = model.sentBytes();
      return log.buffer.isFull && last === before;
    });
    expect(last).toBeLessThan(MAX_AHEAD_BYTES);
    expect(log.buffer.isFull).toBe(true);
    isAway = false;
    await turn;
    await log.drain();
    fixture.flushTap.before = undefined;
    const deltas = dataOf(await fixture.rowsOf(log.taskId), 'text.delta').map(({ text }) => String(text));
    const numbers = deltas.join('').match(/\d+ /g)?.map(Number);
    expect(numbers).toEqual(Array.from({ length: DELTAS }, (_, n) => n));
    await model.close();
  }, 90_000);
});
