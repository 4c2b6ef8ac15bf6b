import { ping } from '@nightshift/store';
import { Router } from 'express';
import type { ApiContext } from './context.ts';
import type { Route } from './http/route.ts';
import { shareInFlight } from './http/share-in-flight.ts';
import { createOpenApiDocument } from './openapi.ts';

/** Longest a probe waits for a service: orchestrators give up soon themselves. */
const CHECK_TIMEOUT_MS = 2_000;

/** What orchestrators, scrapers and generators of clients ask for: no key needed, nothing of a tenant in it. */
export function createProbeRouter(context: ApiContext, routes: readonly Route[]): Router {
  const router = Router();
  const share = shareInFlight<void>(); // probes are for everybody: however many, one query
  const pingPostgres = () => share('ping', () => ping(context.pool));
  router.get('/livez', (_http, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_http, response) => {
    const readiness = await checkReadiness(context, pingPostgres);
    response.status(readiness.status === 'unavailable' ? 503 : 200).json(readiness);
  });
  router.get('/metrics', async (_http, response) => {
    response.setHeader('Content-Type', context.metrics.registry.contentType);
    response.end(await context.metrics.registry.metrics());
  });
  let document: object | undefined;
  router.get(['/openapi.json', '/openapi-3.1.json', '/v1/openapi.json'], (_http, response) => {
    document ??= createOpenApiDocument(routes);
    response.json(document);
  });
  return router;
}

interface Readiness {
  status: 'ok' | 'degraded' | 'unavailable';
  checks: Record<'postgres' | 'redis', string>;
}

/**
 * Ready means: can accept work and answer about it. Without Redis everything still works, later (ARCHITECTURE.md 2), so
 * that is degraded, not unready; a process that is stopping says so before it stops listening.
 */
async function checkReadiness(context: ApiContext, pingPostgres: () => Promise<void>): Promise<Readiness> {
  const [postgres, redis] = await Promise.all([check(pingPostgres()), check(context.redis.commands.ping())]);
  const checks = { postgres, redis };
  if (context.stopping.aborted || postgres !== 'ok') return { status: 'unavailable', checks };
  return { status: redis === 'ok' ? 'ok' : 'degraded', checks };
}

async function check(work: Promise<unknown>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('no answer in time'), CHECK_TIMEOUT_MS);
  });
  const outcome = work.then(
    () => 'ok',
    () => 'away',
  );
  const answer = await Promise.race([outcome, timeout]);
  clearTimeout(timer);
  return answer;
}
