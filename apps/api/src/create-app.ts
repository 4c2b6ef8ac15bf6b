import { FAILURE_CODES, isId } from '@nightshift/domain';
import express, { type Express, type Request, type RequestHandler, type Response, Router } from 'express';
import type { ApiContext } from './context.ts';
import { assertJsonContentType } from './http/parse-json.ts';
import { readBody } from './http/read-body.ts';
import { notFound, refuse } from './http/refuse.ts';
import { assignRequestId, requestIdOf } from './http/request-id.ts';
import type { Reply, Route } from './http/route.ts';
import { allowCrossOrigin } from './middleware/allow-cross-origin.ts';
import { authenticate } from './middleware/authenticate.ts';
import { handleErrors } from './middleware/handle-errors.ts';
import { hardenHeaders } from './middleware/harden-headers.ts';
import { observeRequests } from './middleware/observe-requests.ts';
import { requireHost } from './middleware/require-host.ts';
import { createProbeRouter } from './probes.ts';
import { ROUTES } from './routes/route-table.ts';

/** The API as an Express application: every route under `/v1` and, as an alias, without it. */
export function createApp(context: ApiContext): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(assignRequestId, observeRequests(context), hardenHeaders(), requireHost, allowCrossOrigin);
  app.use(createProbeRouter(context, ROUTES));
  const router = createRouter(context, ROUTES);
  app.use('/v1', router);
  app.use(router);
  app.use(() => {
    throw notFound('resource');
  });
  app.use(handleErrors(context));
  return app;
}

function createRouter(context: ApiContext, routes: readonly Route[]): Router {
  const router = Router({ caseSensitive: true });
  for (const route of routes) router[route.method](route.path, serveRoute(context, route));
  for (const path of new Set(routes.map((route) => route.path))) {
    router.all(path, refuseMethod(routes.filter((route) => route.path === path)));
  }
  return router;
}

function serveRoute(context: ApiContext, route: Route): RequestHandler {
  return async (http, response) => {
    response.locals.route = `${route.method.toUpperCase()} ${route.path}`;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const caller = await authenticate(context, http, route);
    const ids = readIds(http, route);
    const rawBody = await readRawBody(context, http, route);
    const reply = await route.serve(context, {
      ids,
      query: toQuery(http, route),
      rawBody,
      caller,
      requestId: requestIdOf(response),
      gone: gone.signal,
      db: route.method === 'get' ? context.readerLane.forReader(gone.signal) : context.pool,
      http,
      response,
    });
    if (reply) sendReply(response, reply);
  };
}

/** A malformed id is answered like an unknown one: nobody learns how ours look. */
function readIds(http: Request, route: Route): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const [name, prefix] of Object.entries(route.params ?? {})) {
    const value = http.params[name];
    if (!isId(prefix, value)) throw notFound('resource');
    ids[name] = value;
  }
  return ids;
}

async function readRawBody(context: ApiContext, http: Request, route: Route): Promise<Buffer> {
  if (!route.body) return Buffer.alloc(0);
  const isEmpty = http.headers['content-length'] === '0' || !hasBody(http);
  if (isEmpty && route.body.optional) return Buffer.alloc(0);
  assertJsonContentType(http.headers['content-type']);
  const { maxBodyBytes, maxBatchBodyBytes } = context.config.tasks;
  return await readBody(http, route.body.limit === 'batch' ? maxBatchBodyBytes : maxBodyBytes, context.bodyBudget);
}

/** RFC 9112: a request has a body when one of these headers says so. */
function hasBody(http: Request): boolean {
  return http.headers['content-length'] !== undefined || http.headers['transfer-encoding'] !== undefined;
}

/** The token was read by `authenticate`; no route sees it. */
function toQuery(http: Request, route: Route): unknown {
  if (!route.acceptsStreamToken) return http.query;
  const { access_token: _token, ...query } = http.query;
  return query;
}

function sendReply(response: Response, reply: Reply): void {
  response.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.status(reply.status);
  if (reply.body === undefined) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(reply.body));
}

function refuseMethod(routes: readonly Route[]): RequestHandler {
  const methods = routes.flatMap((route) => (route.method === 'get' ? ['GET', 'HEAD'] : [route.method.toUpperCase()]));
  const allow = [...new Set([...methods, 'OPTIONS'])].join(', ');
  return (http, response) => {
    response.setHeader('Allow', allow);
    if (http.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    throw refuse('method_not_allowed', `${FAILURE_CODES.method_not_allowed.title}: use ${allow}.`);
  };
}
