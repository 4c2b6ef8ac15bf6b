import { findDeadLetter } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { deadLetterReplaySchema, replayAnswerSchema } from '../schemas/replay.ts';
import { replay } from '../tasks/replay.ts';

export const replayDeadLetter = defineRoute({
  method: 'post',
  path: '/dead-letters/:dead_letter_id/replay',
  operationId: 'replayDeadLetter',
  summary: 'Run the task of a dead letter again: from its journal, from a step, or from the beginning',
  scope: 'ops',
  params: { dead_letter_id: 'dl' },
  body: {
    schema: deadLetterReplaySchema,
    limit: 'task',
    optional: true,
    example: { reason: 'the provider is back' },
  },
  responses: [
    { status: 202, description: 'The new run is queued.', schema: replayAnswerSchema },
    {
      status: 200,
      description: 'This dead letter had been replayed before, or it was a dry run.',
      schema: replayAnswerSchema,
    },
  ],
  async handle(context, { params, body, caller }) {
    const row = await findDeadLetter(context.pool, caller.tenantId, params.dead_letter_id);
    if (!row) throw notFound('dead letter');
    // The run that died is named, so that a second click finds what the first one made.
    const { mode, step_id: stepId, dry_run: dryRun, reason } = body;
    const reply = await replay(context, caller, { taskId: row.taskId, run: row.run, mode, stepId, dryRun, reason });
    if (!reply) throw notFound('dead letter');
    return reply;
  },
});
