import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { replayAnswerSchema, replaySchema } from '../schemas/replay.ts';
import { replay } from '../tasks/replay.ts';

export const replayTask = defineRoute({
  method: 'post',
  path: '/tasks/:task_id/replay',
  operationId: 'replayTask',
  summary: 'Run a finished task again: from its journal, from a step, or from the beginning',
  description: 'Keeps the task id, adds a run and continues the sequence of events. A second click is the same replay.',
  scope: 'tasks:write',
  params: { task_id: 'task' },
  body: { schema: replaySchema, limit: 'task', optional: true, example: { run: 1, reason: 'the provider is back' } },
  responses: [
    { status: 202, description: 'The new run is queued.', schema: replayAnswerSchema },
    { status: 200, description: 'This replay had been made before, or it was a dry run.', schema: replayAnswerSchema },
    { status: 409, description: 'The task is not over, or cannot be replayed in this way; the detail says which.' },
  ],
  async handle(context, { params, body, caller }) {
    const { run, mode, step_id: stepId, dry_run: dryRun, reason } = body;
    const reply = await replay(context, caller, { taskId: params.task_id, run, mode, stepId, dryRun, reason });
    if (!reply) throw notFound('task');
    return reply;
  },
});
