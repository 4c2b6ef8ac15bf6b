import { isFinal, type TaskId, type TenantId } from '@nightshift/domain';
import { findTask, type TaskRow } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { holdRequest } from '../events/hold-request.ts';
import { notFound } from '../http/refuse.ts';

/** Between two looks at a task whose events keep coming: a long poll must not read a row for every token. */
const MIN_LOOK_INTERVAL_MS = 100;

export interface WaitOptions {
  tenantId: TenantId;
  taskId: TaskId;
  timeoutMs: number;
  /** Aborts when the client is gone. */
  gone: AbortSignal;
  /** Ends the wait early. */
  until(row: TaskRow): boolean;
}

/**
 * Holds a request until the task is as the client wants it, the time is over, the client is gone or the process is to
 * stop; answers with the task as it is then. Woken by its events, so that no waiting client costs a query a second.
 */
export async function waitForTask(context: ApiContext, options: WaitOptions): Promise<TaskRow> {
  const { taskId, until } = options;
  return await holdRequest(context, options, async (timeoutMs, signal) => {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const row = await readTask(context, options);
      const leftMs = Math.ceil(deadline - performance.now());
      if (until(row) || leftMs <= 0 || signal.aborted) return row;
      await context.hub.waitForNews(taskId, row.lastSeq, leftMs, signal);
      await pause(Math.min(MIN_LOOK_INTERVAL_MS, Math.max(0, deadline - performance.now())));
    }
  });
}

/** For those who wait for the end: no look before the final event. */
export async function waitForFinal(context: ApiContext, options: Omit<WaitOptions, 'until'>): Promise<TaskRow> {
  const row = await readTask(context, options);
  if (isFinal(row.status) || options.timeoutMs <= 0) return row;
  return await holdRequest(context, options, async (timeoutMs, signal) => {
    if (timeoutMs <= 0) return row;
    const either = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const follow = context.hub.follow(options.taskId, { after: row.lastSeq, visibility: 'user', signal: either });
    for await (const slice of follow) if (slice.final) break;
    return await readTask(context, options);
  });
}

async function readTask(
  context: ApiContext,
  task: Pick<WaitOptions, 'tenantId' | 'taskId' | 'gone'>,
): Promise<TaskRow> {
  const row = await findTask(context.readerLane.forReader(task.gone), task.tenantId, task.taskId);
  if (!row) throw notFound('task');
  return row;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
