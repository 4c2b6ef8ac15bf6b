import { findOpenQuestions, findTask, listArtifacts, type TaskRow } from '@nightshift/store';
import { z } from 'zod';
import { MAX_WAIT_SECONDS } from '../http/prefer-wait.ts';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toArtifact } from '../resources/to-artifact.ts';
import { toQuestion } from '../resources/to-question.ts';
import { pollAfterMs, toTask } from '../resources/to-task.ts';
import { numberParam } from '../schemas/list.ts';
import { taskSchema } from '../schemas/task.ts';
import { waitForFinal, waitForTask } from '../tasks/wait-for-task.ts';

export const getTask = defineRoute({
  method: 'get',
  path: '/tasks/:task_id',
  operationId: 'getTask',
  summary: 'Read a task',
  description:
    'Cheap to poll: `ETag` and `If-None-Match`. `wait=N` holds the answer until the ETag changes, or until the task is over when no ETag was sent.',
  scope: 'tasks:read',
  headers: ['If-None-Match'],
  params: { task_id: 'task' },
  query: z.strictObject({
    wait: numberParam(0, MAX_WAIT_SECONDS).optional(),
    include: z.literal('input').optional(),
  }),
  responses: [
    { status: 200, description: 'The task as it is.', schema: taskSchema },
    { status: 304, description: 'It is as it was.' },
  ],
  async handle(context, request) {
    const { caller, params, query, gone, db } = request;
    const known = request.http.headers['if-none-match'];
    const wait = { tenantId: caller.tenantId, taskId: params.task_id, timeoutMs: (query.wait ?? 0) * 1_000, gone };
    const isChanged = (row: TaskRow) => !matches(known, toEtag(row));
    const row =
      known === undefined
        ? await waitForFinal(context, wait)
        : await waitForTask(context, { ...wait, until: isChanged });
    const headers: Record<string, string> = { ETag: toEtag(row), 'Cache-Control': 'private, no-cache' };
    const pollMs = pollAfterMs(row);
    if (pollMs !== null) headers['Retry-After'] = String(Math.max(1, Math.round(pollMs / 1_000)));
    if (known !== undefined && !isChanged(row)) return { status: 304, headers };
    const artifacts = await listArtifacts(db, caller.tenantId, [row.id]);
    const shown = query.include === 'input' ? await findTask(db, caller.tenantId, row.id, { input: true }) : row;
    if (!shown) throw notFound('task');
    const asks = shown.status === 'waiting' && shown.waitingFor === 'input';
    const questions = asks ? { questions: (await findOpenQuestions(db, row.id)).map(toQuestion) } : {};
    return { status: 200, headers, body: toTask(shown, { artifacts: artifacts.map(toArtifact), ...questions }) };
  },
});

/** Everything a client can see of a task changes together with one of these. */
export function toEtag(row: Pick<TaskRow, 'run' | 'lastSeq' | 'status'>): string {
  return `W/"${row.run}.${row.lastSeq}.${row.status}"`;
}

/** Weak comparison (RFC 9110, 8.8.3.2) with any of the tags that were sent. */
function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((tag) => tag.trim() === etag || tag.trim() === etag.slice(2));
}
