import { assertNever, isFinal, type Json } from '@nightshift/domain';
import { findOpenQuestions, findTaskHead, type SignalAnswer, type StoredAnswer, signalTask } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { findEarlierAnswer, readIdempotency, writeOnce } from '../http/idempotency.ts';
import { notFound, refuse } from '../http/refuse.ts';
import { defineRoute, type Reply } from '../http/route.ts';
import { taskInputAnswerSchema, taskInputSchema } from '../schemas/task-input.ts';
import { matchResponses } from '../tasks/match-responses.ts';

export const sendTaskInput = defineRoute({
  method: 'post',
  path: '/tasks/:task_id/input',
  operationId: 'sendTaskInput',
  summary: 'Say something to a task, or answer its questions',
  description:
    'A message joins the conversation before the next call of the model. Answers go to the questions of `task.waiting`; the task goes on at once. A question is answered once: a repetition changes nothing. A message is not deduplicated without `Idempotency-Key`.',
  scope: 'tasks:write',
  headers: ['Idempotency-Key'],
  params: { task_id: 'task' },
  body: { schema: taskInputSchema, limit: 'task', example: { message: 'The second page is the one that counts.' } },
  responses: [
    { status: 202, description: 'The task has it, or had it before.', schema: taskInputAnswerSchema },
    { status: 409, description: 'The task is over.' },
  ],
  async handle(context, { params, body, caller, http, rawBody }): Promise<Reply> {
    const taskId = params.task_id;
    const { tenantId } = caller;
    const request = { caller, rawBody, route: `POST /tasks/${taskId}/input`, status: 202, body: undefined };
    const keyed = readIdempotency(http.headers['idempotency-key'], request);
    // First: the answer may be why the task is over by now, or why the question is not open any more.
    const earlier = keyed && (await findEarlierAnswer(context, keyed));
    if (earlier) return toRepeated(earlier);
    const told = await toSignals(context, { tenantId, taskId }, body);
    const reply = { task_id: taskId, ignored: told.ignored };
    const answer = keyed && { ...keyed, body: reply };
    if (told.signals.length === 0 && answer === undefined) return { status: 202, body: reply };
    const stored = await writeOnce(context, answer, async () =>
      announce(
        context,
        await signalTask(context.pool, { tenantId, taskId, kind: 'input', actor: caller.keyId, answer, ...told }),
      ),
    );
    return stored ? toRepeated(stored) : { status: 202, body: reply };
  },
});

function toRepeated({ status, body }: StoredAnswer): Reply {
  return { status, headers: { 'Idempotent-Replayed': 'true' }, body };
}

interface Told {
  signals: { key: string | undefined; payload: Json }[];
  data: { [key: string]: Json };
  ignored: string[];
}

/** @throws RequestError not_found, conflict, invalid_request */
async function toSignals(
  { pool }: ApiContext,
  { tenantId, taskId }: { tenantId: Parameters<typeof findTaskHead>[1]; taskId: Parameters<typeof findTaskHead>[2] },
  { message, responses = {} }: { message?: string | undefined; responses?: Record<string, Json> | undefined },
): Promise<Told> {
  if (message !== undefined) return { signals: [{ key: undefined, payload: message }], data: { message }, ignored: [] };
  const head = await findTaskHead(pool, tenantId, taskId);
  if (!head) throw notFound('task');
  if (isFinal(head.status)) throw isOver(head.status);
  const { answers, ignored } = matchResponses(responses, await findOpenQuestions(pool, taskId));
  return {
    signals: answers,
    data: { responses: Object.fromEntries(answers.map(({ key, payload }) => [key, payload])) },
    ignored,
  };
}

/** Tells readers and workers what was committed. False when the idempotency key was used before. */
function announce(context: ApiContext, answer: SignalAnswer | undefined): boolean {
  if (!answer) throw notFound('task');
  switch (answer.kind) {
    case 'told':
      context.hub.publishNow([answer.events]);
      if (answer.delivery) void context.queue.enqueue([answer.delivery]);
      return true;
    case 'nothing_new':
      return true;
    case 'repeated':
      return false;
    case 'full':
      throw refuse('conflict', 'The task was told too much already.');
    case 'final':
      throw isOver(answer.status);
    default:
      return assertNever(answer, 'answer to an input');
  }
}

function isOver(status: string) {
  return refuse('conflict', `The task is ${status} already.`);
}
