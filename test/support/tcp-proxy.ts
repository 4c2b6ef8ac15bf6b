import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server of ours, and loses replies on command. */
export interface TcpProxy {
  port: number;
  /**
   * The next time a client sends these bytes (the name of a prepared statement, say), the server gets them and answers,
   * but the answer never arrives: the connection is cut when it comes. Resolves when that has happened.
   */
  swallowReplyTo(marker: string): Promise<void>;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const traps: { marker: Buffer; sprung: () => void }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    let swallow: (() => void) | undefined;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      const index = traps.findIndex((trap) => bytes.includes(trap.marker));
      if (index >= 0) swallow = traps.splice(index, 1)[0]?.sprung;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!swallow) return void client.write(bytes);
      swallow();
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    swallowReplyTo: (marker) => new Promise((resolve) => traps.push({ marker: Buffer.from(marker), sprung: resolve })),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
