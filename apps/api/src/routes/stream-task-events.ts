import { isFinal } from '@nightshift/domain';
import { findTaskHead } from '@nightshift/store';
import { z } from 'zod';
import { assertNotAhead, parseCursor } from '../events/parse-cursor.ts';
import { readEventPage } from '../events/read-event-page.ts';
import { startSse } from '../events/sse-writer.ts';
import { streamEvents } from '../events/stream-events.ts';
import { parseTypeFilter } from '../events/type-filter.ts';
import { MAX_WAIT_SECONDS } from '../http/prefer-wait.ts';
import { notFound, refuse } from '../http/refuse.ts';
import { type Caller, defineRoute } from '../http/route.ts';
import { mayUse } from '../middleware/authenticate.ts';
import { eventPageSchema } from '../schemas/event.ts';
import { numberParam } from '../schemas/list.ts';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

export const streamTaskEvents = defineRoute({
  method: 'get',
  path: '/tasks/:task_id/events',
  operationId: 'streamTaskEvents',
  summary: 'Read or follow the events of a task',
  description:
    'With `Accept: text/event-stream` a stream: everything after the cursor, then live until the task is over. Otherwise a page of JSON. The cursor is the id of the last event seen: `Last-Event-ID`, or `after`. A cursor older than what is kept is answered with `stream.gap` and `task.snapshot` (in a page: `gap` and `snapshot`), then with the rest.',
  scope: 'tasks:read',
  headers: ['Last-Event-ID'],
  acceptsStreamToken: true,
  params: { task_id: 'task' },
  query: z.strictObject({
    after: z
      .string()
      .optional()
      .meta({ override: { type: 'integer', minimum: 0 } }),
    starting_after: z.string().optional().meta({ description: 'The same as `after`.' }),
    limit: numberParam(1, MAX_LIMIT).prefault(String(DEFAULT_LIMIT)),
    types: z.string().max(2_000).optional().meta({ example: 'task.*,tool.completed' }),
    wait: numberParam(0, MAX_WAIT_SECONDS).prefault('0'),
    visibility: z.enum(['user', 'developer']).default('user'),
  }),
  responses: [
    { status: 200, description: 'A page of events.', schema: eventPageSchema },
    { status: 200, description: 'The events as they happen.', mediaType: 'text/event-stream' },
    { status: 204, description: 'The reader has everything and the task is over.' },
  ],
  async handle(context, { params, query, caller, http, response, gone, db }) {
    const { task_id: taskId } = params;
    const { tenantId } = caller;
    assertReadable(caller, taskId, query.visibility);
    const wanted = http.accepts(['application/json', 'text/event-stream']);
    if (!wanted) throw refuse('not_acceptable', 'Ask for application/json or text/event-stream.');
    const after = parseCursor({
      lastEventId: http.headers['last-event-id'],
      after: query.after ?? query.starting_after,
    });
    const filter = parseTypeFilter(query.types);
    const asking = wanted === 'application/json' ? db : context.readerLane.forOpening(gone);
    const head = await findTaskHead(asking, tenantId, taskId);
    if (!head) throw notFound('task');
    assertNotAhead(after, head.lastSeq);
    const { visibility } = query;
    response.setHeader('Vary', 'Accept');
    if (wanted === 'application/json') {
      const timeoutMs = query.wait * 1_000;
      const page = { tenantId, taskId, after, limit: query.limit, visibility, filter, timeoutMs, gone };
      return { status: 200, body: await readEventPage(context, page) };
    }
    // A reader that has the final event is told to stop: 204 ends an EventSource for good.
    if (isFinal(head.status) && after === head.lastSeq) return { status: 204 };
    if (http.method === 'HEAD') {
      startSse(response, context.config.streams).end();
      return undefined;
    }
    await streamEvents(context, { taskId, after, visibility, filter, caller, response, gone });
    return undefined;
  },
});

/** A stream token is for one task, and what developers see needs its own scope. */
function assertReadable(caller: Caller, taskId: string, visibility: 'user' | 'developer'): void {
  if (caller.onlyTaskId !== undefined && caller.onlyTaskId !== taskId) throw notFound('task');
  if (visibility === 'developer' && !mayUse(caller, 'tasks:debug')) {
    throw refuse('forbidden', 'This needs a key with the scope tasks:debug.');
  }
}
