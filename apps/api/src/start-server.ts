import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { ApiContext } from './context.ts';
import { createApp } from './create-app.ts';
import { answerProtocolErrors } from './http/answer-protocol-errors.ts';

/** Whole headers have to be here by then: a client that sends one byte now and then must not hold a socket. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How often Node looks for connections that are overdue. */
const CHECK_INTERVAL_MS = 2_000;
/** A whole request, the largest upload included. JSON bodies have less (read-body.ts). */
const REQUEST_TIMEOUT_MS = 15 * 60_000;
/** Longer than load balancers keep an idle connection, so that they are the ones who close it. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_CONNECTIONS = 20_000;

export interface RunningServer {
  readonly port: number;
  readonly url: string;
  /**
   * Takes no new connections, waits until the requests under way have ended, cuts what is left at the deadline. Streams
   * and long polls end by `context.stopping`, which is to be aborted before.
   */
  stop(deadlineMs: number): Promise<void>;
}

export async function startServer(context: ApiContext): Promise<RunningServer> {
  const server = createServer(
    {
      // require-host.ts does, with a problem.
      requireHostHeader: false,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    createApp(context),
  );
  answerProtocolErrors(server, (status) => context.metrics.httpRequests.inc({ route: 'none', status: String(status) }));
  server.maxConnections = MAX_CONNECTIONS;
  const silent = trackSilentSockets(server);
  const { host, port } = context.config.http;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    port: address.port,
    url: `http://${name}:${address.port}`,
    stop: (deadlineMs) => stopServer(server, silent, deadlineMs),
  };
}

/** A connection that was kept alive becomes idle when its request ends: it is closed then, not at the deadline. */
const IDLE_SWEEP_INTERVAL_MS = 50;

/** Connections that have not made a request: Node does not count them as idle, and nobody would miss them. */
function trackSilentSockets(server: Server): ReadonlySet<Socket> {
  const silent = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return silent;
}

function stopServer(server: Server, silent: ReadonlySet<Socket>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_INTERVAL_MS);
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.close(() => {
      clearTimeout(deadline);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
    for (const socket of silent) socket.destroy();
  });
}
