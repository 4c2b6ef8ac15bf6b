import { setMaxListeners } from 'node:events';
import { messageOf } from '@nightshift/domain';
import type { ApiConfig } from './config.ts';
import { createApiContext } from './context.ts';
import { startServer } from './start-server.ts';

/** Readiness fails for this long before the port closes, so that load balancers look elsewhere first. */
const DRAIN_MS = 500;

/**
 * Serves until SIGTERM or SIGINT, then ends in order: readiness first, streams with a wish to come back elsewhere,
 * requests under way, clients of the services. A process that cannot end in time is ended.
 */
export async function runApi(config: ApiConfig): Promise<void> {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // one for every open stream
  const context = createApiContext(config, { stopping: stopping.signal });
  const { log } = context;
  const server = await startServer(context);
  log.info({ url: server.url }, 'API listens');

  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const { shutdownTimeoutMs } = config.http;
  const overdue = setTimeout(() => process.exit(1), shutdownTimeoutMs + 1_000);
  overdue.unref();
  log.info({ signal }, 'API stops');
  stopping.abort();
  await new Promise((resolve) => setTimeout(resolve, Math.min(DRAIN_MS, shutdownTimeoutMs / 2)));
  await server.stop(shutdownTimeoutMs / 2);
  await context.close().catch((error: unknown) => log.warn({ error: messageOf(error) }, 'clients did not close'));
  clearTimeout(overdue);
  log.info('API stopped');
}
