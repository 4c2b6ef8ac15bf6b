import { findDeadLetter, listArtifacts } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toArtifact } from '../resources/to-artifact.ts';
import { toDeadLetterResource } from '../resources/to-dead-letter.ts';
import { deadLetterSchema } from '../schemas/dead-letter.ts';

export const getDeadLetter = defineRoute({
  method: 'get',
  path: '/dead-letters/:dead_letter_id',
  operationId: 'getDeadLetter',
  summary: 'Read a dead letter: why it failed, what was tried, what it left behind',
  scope: 'ops',
  params: { dead_letter_id: 'dl' },
  responses: [{ status: 200, description: 'The dead letter.', schema: deadLetterSchema }],
  async handle(_context, { params, caller, db }) {
    const row = await findDeadLetter(db, caller.tenantId, params.dead_letter_id);
    if (!row) throw notFound('dead letter');
    const artifacts = await listArtifacts(db, caller.tenantId, [row.taskId]);
    return { status: 200, body: toDeadLetterResource(row, artifacts.map(toArtifact)) };
  },
});
