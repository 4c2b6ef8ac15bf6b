import { cancelTasks, findTask } from '@nightshift/store';
import { notFound, refuse } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toTask } from '../resources/to-task.ts';
import { cancelSchema } from '../schemas/cancel.ts';
import { taskSchema } from '../schemas/task.ts';
import { announceCancels } from '../tasks/announce-cancels.ts';

export const cancelTask = defineRoute({
  method: 'post',
  path: '/tasks/:task_id/cancel',
  operationId: 'cancelTask',
  summary: 'Cancel a task',
  description:
    'A queued or waiting task is cancelled at once; a running one as soon as its worker has tidied up, or at once with `force`. Repeating it changes nothing.',
  scope: 'tasks:write',
  params: { task_id: 'task' },
  body: { schema: cancelSchema, limit: 'task', optional: true, example: { reason: 'not needed any more' } },
  responses: [
    { status: 202, description: 'The wish is noted; the task says how far it is.', schema: taskSchema },
    { status: 409, description: 'The task had ended otherwise.' },
  ],
  async handle(context, { params, body, caller }) {
    const taskId = params.task_id;
    const { tenantId } = caller;
    const answers = await cancelTasks(context.pool, {
      tenantId,
      taskIds: [taskId],
      force: body.force,
      reason: body.reason,
      actor: caller.keyId,
    });
    const [answer] = answers;
    if (!answer) throw notFound('task');
    announceCancels(context, answers);
    if (answer.verdict === 'final' && answer.status !== 'cancelled') {
      throw refuse('conflict', `The task is ${answer.status} already.`);
    }
    const row = await findTask(context.pool, tenantId, taskId);
    if (!row) throw notFound('task');
    return { status: 202, body: toTask(row) };
  },
});
