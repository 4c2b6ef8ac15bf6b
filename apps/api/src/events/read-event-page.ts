import { isFinal, type TaskId, type TenantId, type Visibility } from '@nightshift/domain';
import type { LogGap, TypeFilter, WireEvent } from '@nightshift/eventlog';
import { findTaskHead } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { notFound } from '../http/refuse.ts';
import type { Task } from '../schemas/task.ts';
import { holdRequest } from './hold-request.ts';
import { readSnapshot } from './read-snapshot.ts';

export interface EventPageRequest {
  tenantId: TenantId;
  taskId: TaskId;
  after: number;
  limit: number;
  visibility: Visibility;
  filter: TypeFilter | undefined;
  timeoutMs: number;
  gone: AbortSignal;
}

interface EventPage {
  data: WireEvent[];
  has_more: boolean;
  next_after: number;
  final: boolean;
  gap?: LogGap;
  snapshot?: Task;
}

/** A page of the log; with `timeoutMs` an empty one is held until there is something to show or the task is over. */
export async function readEventPage(context: ApiContext, request: EventPageRequest): Promise<EventPage> {
  const { taskId, limit, visibility, filter } = request;
  const db = context.readerLane.forReader(request.gone);
  return await holdRequest(context, request, async (timeoutMs, signal) => {
    const deadline = performance.now() + timeoutMs;
    let { after } = request;
    for (;;) {
      // The head first: what it counts is in the log by then, so `has_more` and `final` are never too early.
      const head = await findTaskHead(db, request.tenantId, taskId);
      if (!head) throw notFound('task');
      const options = { after, limit, visibility, signal: request.gone, ...(filter === undefined ? {} : { filter }) };
      const page = await context.hub.page(taskId, options);
      const hasMore = page.lastSeq < head.lastSeq;
      const isOver = isFinal(head.status) && !hasMore;
      const leftMs = Math.ceil(deadline - performance.now());
      if (page.events.length > 0 || page.gap || isOver || leftMs <= 0 || signal.aborted) {
        const missing = page.gap && {
          gap: page.gap,
          snapshot: await readSnapshot(db, request.tenantId, taskId),
        };
        return { data: page.events, has_more: hasMore, next_after: page.lastSeq, final: isOver, ...missing };
      }
      after = page.lastSeq;
      await context.hub.waitForNews(taskId, after, leftMs, signal);
    }
  });
}
