import { createServer } from 'node:http';
import { messageOf } from '@nightshift/domain';
import type { Logger, Metrics } from '@nightshift/telemetry';

export interface Probes {
  /** Not ready any more: the process is going down. */
  unready(): void;
  close(): void;
}

/**
 * What orchestrators and scrapers ask a worker: `/livez` (the event loop turns), `/readyz` (it works), `/metrics`. Nothing
 * else listens in a worker. A port that is taken is logged; work is more important than being looked at.
 */
export function serveProbes(options: { host: string; port: number; metrics: Metrics; log: Logger }): Probes {
  const { metrics, log } = options;
  let ready = true;
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    switch (request.url) {
      case '/livez':
        return answer(200, 'ok\n');
      case '/readyz':
        return ready ? answer(200, 'ok\n') : answer(503, 'stopping\n');
      case '/metrics':
        metrics.registry.metrics().then(
          (text) => answer(200, text, metrics.registry.contentType),
          (error: unknown) => answer(500, `${messageOf(error)}\n`),
        );
        return;
      default:
        return answer(404, 'not found\n');
    }
  });
  server.on('error', (error) => log.error({ error: error.message, port: options.port }, 'probes are not served'));
  server.listen(options.port, options.host);
  return {
    unready() {
      ready = false;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
