import { FailureError, messageOf } from '@nightshift/domain';
import type { ErrorRequestHandler, Request, Response } from 'express';
import type { ApiContext } from '../context.ts';
import { startSse, toRetry } from '../events/sse-writer.ts';
import { failureOf, RequestError } from '../http/refuse.ts';
import { requestIdOf } from '../http/request-id.ts';
import { toProblem } from '../http/to-problem.ts';
import { ReaderGoneError } from '../reader-lane.ts';

/** The one place where a thrown thing becomes an answer. What we did not foresee is logged, never shown. */
export function handleErrors(context: ApiContext): ErrorRequestHandler {
  return (thrown: unknown, http, response, _next) => {
    if (thrown instanceof FailureError && thrown.cause instanceof ReaderGoneError) return; // nobody is there
    const failure = failureOf(thrown);
    const problem = toProblem(failure, {
      id: requestIdOf(response),
      path: http.path.toWellFormed().slice(0, 300),
      errors: thrown instanceof RequestError ? thrown.errors : undefined,
    });
    if (problem.status >= 500) {
      const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
      const cause = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : undefined;
      context.log.error({ requestId: problem.request_id, code: failure.code, stack, cause }, 'request failed');
    }
    if (response.headersSent) {
      // Half an answer is out: cutting it off is the only honest end.
      response.destroy();
      return;
    }
    if (problem.status >= 500 && isEventSource(http, response)) {
      // EventSource gives up for good on anything but 200; this failure may be over in a moment (API.md 3).
      startSse(response, context.config.streams).end(toRetry('overloaded'));
      return;
    }
    if (!http.complete) response.setHeader('Connection', 'close');
    if (problem.status === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    if (failure.retry_after_ms !== undefined) {
      response.setHeader('Retry-After', String(Math.max(1, Math.ceil(failure.retry_after_ms / 1000))));
    }
    response.removeHeader('ETag');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
    response.status(problem.status).end(JSON.stringify(problem));
  };
}

/** Whether somebody follows events, and would not come back after an error. */
function isEventSource(http: Request, response: Response): boolean {
  const route: unknown = response.locals.route;
  return route === 'GET /tasks/:task_id/events' && http.headers.accept === 'text/event-stream';
}
