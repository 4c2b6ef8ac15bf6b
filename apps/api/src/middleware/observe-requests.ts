import type { RequestHandler } from 'express';
import type { ApiContext } from '../context.ts';
import { requestIdOf } from '../http/request-id.ts';

/** Counts and logs every request when it is over. Never its query: a stream token stands there. */
export function observeRequests(context: ApiContext): RequestHandler {
  return (http, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const route: unknown = response.locals.route;
      const label = typeof route === 'string' ? route : 'none';
      context.metrics.httpRequests.inc({ route: label, status: String(response.statusCode) });
      const elapsedMs = Math.round(performance.now() - startedAt);
      const fields = { requestId: requestIdOf(response), method: http.method, route: label };
      context.log.debug({ ...fields, status: response.statusCode, elapsed_ms: elapsedMs }, 'request');
    });
    next();
  };
}
