import { createId, isFinal, isId, type TaskId } from '@nightshift/domain';
import { type InsertedTask, insertTask } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { streamEvents } from '../events/stream-events.ts';
import { readIdempotency, writeOnce } from '../http/idempotency.ts';
import { preferredWaitSeconds } from '../http/prefer-wait.ts';
import { type ApiRequest, defineRoute, type Reply } from '../http/route.ts';
import { toTask } from '../resources/to-task.ts';
import { submitTaskSchema } from '../schemas/submit-task.ts';
import { taskSchema } from '../schemas/task.ts';
import { assertAgentInputs, assertKnownAgents } from '../tasks/assert-agent-inputs.ts';
import { hasInputFiles } from '../tasks/has-input-files.ts';
import { toFirstRow, toNewTask } from '../tasks/to-new-task.ts';
import { waitForFinal } from '../tasks/wait-for-task.ts';

type SubmitRequest = ApiRequest<Record<never, never>, never, typeof submitTaskSchema>;

const EXAMPLE = {
  agent: 'document-analyst',
  input: { file_id: 'file_01h455vb4pex5vsknk084sn02q', name: 'minutes.md', media_type: 'text/markdown' },
  tags: ['minutes'],
};

export const submitTask = defineRoute({
  method: 'post',
  path: '/tasks',
  operationId: 'submitTask',
  summary: 'Submit a task',
  description:
    'Durable before the answer. `Idempotency-Key` makes it repeatable, `Prefer: wait=N` holds the answer until the task is over, `Accept: text/event-stream` answers with its events.',
  scope: 'tasks:write',
  headers: ['Idempotency-Key', 'Prefer'],
  body: { schema: submitTaskSchema, limit: 'task', example: EXAMPLE },
  responses: [
    { status: 202, description: 'Accepted: it will run.', schema: taskSchema },
    { status: 200, description: 'It was waited for and is over, or its events follow.', schema: taskSchema },
  ],
  async handle(context, request): Promise<Reply | undefined> {
    const { body, caller, http } = request;
    const { tenantId } = caller;
    const requests = [{ agent: body.agent, input: body.input, path: [] }];
    assertKnownAgents(context, requests);
    assertAgentInputs(requests);
    const traceparent = http.headers.traceparent;
    const about = { id: createId('task'), tenantId, createdAt: new Date(), traceparent };
    const task = toNewTask(body, about);
    const accepted = toTask(toFirstRow(task));
    const answer = readIdempotency(http.headers['idempotency-key'], {
      caller,
      rawBody: request.rawBody,
      route: 'POST /tasks',
      status: 202,
      body: accepted,
    });
    let inserted: InsertedTask | undefined;
    const stored = await writeOnce(context, answer, async () => {
      if (!(await hasInputFiles(context, { tenantId, answer, requests }))) return false;
      inserted = await insertTask(context.pool, task, answer);
      return inserted !== undefined;
    });
    // Not awaited: the task is safe, and the dispatcher offers it again if this is lost.
    if (inserted && inserted.deliveries.length > 0) void context.queue.enqueue(inserted.deliveries);
    const taskId = stored ? toTaskId(stored.body) : task.id;
    return await answerSubmit(context, request as SubmitRequest, {
      taskId,
      body: stored?.body ?? accepted,
      isReplay: stored !== undefined,
    });
  },
});

/** The same three ways of answering, whether the task is new or was found by its key. */
async function answerSubmit(
  context: ApiContext,
  request: SubmitRequest,
  accepted: { taskId: TaskId; body: unknown; isReplay: boolean },
): Promise<Reply | undefined> {
  const { caller, http, response, gone } = request;
  const { taskId } = accepted;
  const headers: Record<string, string> = { Location: `/v1/tasks/${taskId}` };
  if (accepted.isReplay) headers['Idempotent-Replayed'] = 'true';
  if (http.accepts(['application/json', 'text/event-stream']) === 'text/event-stream') {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    await streamEvents(context, { taskId, after: 0, visibility: 'user', filter: undefined, caller, response, gone });
    return undefined;
  }
  const waitSeconds = preferredWaitSeconds(http.headers.prefer);
  if (waitSeconds !== undefined) {
    headers['Preference-Applied'] = `wait=${waitSeconds}`;
    const row = await waitForFinal(context, {
      tenantId: caller.tenantId,
      taskId,
      timeoutMs: waitSeconds * 1_000,
      gone,
    });
    if (isFinal(row.status)) return { status: 200, headers, body: toTask(row) };
  }
  return { status: 202, headers: { ...headers, 'Retry-After': '1' }, body: accepted.body };
}

function toTaskId(body: unknown): TaskId {
  const id = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
  if (!isId('task', id)) throw new Error('the stored answer of a submit has no task id');
  return id;
}
