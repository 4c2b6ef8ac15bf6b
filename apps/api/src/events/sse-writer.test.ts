import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startSse, toControlFrame, toRetry } from './sse-writer.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that hands its one response out, and a client that reads only when it is told to. */
async function openPair(): Promise<{ response: ServerResponse; socket: Socket }> {
  let socket: Socket | undefined;
  const response = await new Promise<ServerResponse>((resolve) => {
    const server = createServer((_request, answer) => resolve(answer));
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      socket = connect(port, '127.0.0.1', () => socket?.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
      socket.on('error', () => undefined);
      socket.pause();
      const opened = socket;
      closers.push(() => {
        opened.destroy();
        server.closeAllConnections();
        server.close();
      });
    });
  });
  if (!socket) throw new Error('no client');
  return { response, socket };
}

const CHUNK = `id: 1\nevent: x\ndata: ${'x'.repeat(64 * 1024)}\n\n`;

describe('startSse', () => {
  it('stops taking more from the log for a reader that reads nothing, and cuts it off', async () => {
    const { response } = await openPair();
    const writer = startSse(response, { slowReaderMs: 200 });
    const startedAt = performance.now();
    let written = 0;
    // What the kernel buffers and a quarter of a megabyte here, however long the log is.
    const tooMuch = 16 * 1024 * 1024;
    while (written < tooMuch && (await writer.write(CHUNK))) written += CHUNK.length;
    expect(written).toBeLessThan(tooMuch);
    expect(performance.now() - startedAt).toBeGreaterThan(150);
    expect(response.destroyed).toBe(true);
    expect(await writer.write(CHUNK)).toBe(false);
  });

  it('goes on when a slow reader catches up', async () => {
    const { response, socket } = await openPair();
    const writer = startSse(response, { slowReaderMs: 5_000 });
    setTimeout(() => socket.resume(), 100);
    for (let i = 0; i < 300; i++) expect(await writer.write(CHUNK)).toBe(true);
    writer.end();
  });

  it('ends a wait when the reader goes away', async () => {
    const { response, socket } = await openPair();
    const writer = startSse(response, { slowReaderMs: 60_000 });
    setTimeout(() => socket.destroy(), 100);
    const startedAt = performance.now();
    let written = 0;
    while (await writer.write(CHUNK)) expect(++written).toBeLessThan(1_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('leaves heartbeats out while the reader is behind', async () => {
    const { response } = await openPair();
    const writer = startSse(response, { slowReaderMs: 100 });
    expect(writer.beat()).toBe(true);
    while (!response.writableNeedDrain) response.write(CHUNK);
    expect(writer.beat()).toBe(false);
  });
});

describe('control frames', () => {
  it('carry the cursor they move to and no sequence number', () => {
    expect(toControlFrame('stream.checkpoint', 7)).toBe(
      'id: 7\nevent: stream.checkpoint\ndata: {"type":"stream.checkpoint","cursor":7}\n\n',
    );
    expect(toRetry('overloaded')).toMatch(/^retry: 1[5-7]\d{3}\n\n$/);
  });
});
