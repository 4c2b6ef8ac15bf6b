import { findDeadLetter } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { replayAnswerSchema, replaySchema } from '../schemas/replay.ts';
import { replay } from '../tasks/replay.ts';

export const replayDeadLetter = defineRoute({
  method: 'post',
  path: '/dead-letters/:dead_letter_id/replay',
  operationId: 'replayDeadLetter',
  summary: 'Run the task of a dead letter again from its journal',
  scope: 'ops',
  params: { dead_letter_id: 'dl' },
  body: {
    schema: replaySchema.omit({ run: true }),
    limit: 'task',
    optional: true,
    example: { reason: 'the provider is back' },
  },
  responses: [
    { status: 202, description: 'The new run is queued.', schema: replayAnswerSchema },
    { status: 200, description: 'This dead letter had been replayed before.', schema: replayAnswerSchema },
  ],
  async handle(context, { params, body, caller }) {
    const row = await findDeadLetter(context.pool, caller.tenantId, params.dead_letter_id);
    if (!row) throw notFound('dead letter');
    // The run that died is named, so that a second click finds what the first one made.
    const reply = await replay(context, caller, { taskId: row.taskId, run: row.run, reason: body.reason });
    if (!reply) throw notFound('dead letter');
    return reply;
  },
});
