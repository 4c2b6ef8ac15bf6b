import { listDeadLetters as queryDeadLetters } from '@nightshift/store';
import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { toDeadLetterResource } from '../resources/to-dead-letter.ts';
import { toListReply } from '../resources/to-list.ts';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATUSES, deadLetterSchema } from '../schemas/dead-letter.ts';
import { idSchema } from '../schemas/id.ts';
import { listSchema, pageParams } from '../schemas/list.ts';
import { textSchema } from '../schemas/text.ts';

export const listDeadLetters = defineRoute({
  method: 'get',
  path: '/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'List runs that failed for good, newest first',
  scope: 'ops',
  query: z.strictObject({
    ...pageParams('dl'),
    status: z.enum(DEAD_LETTER_STATUSES).optional(),
    reason: z.enum(DEAD_LETTER_REASONS).optional(),
    agent: textSchema(128).optional(),
    code: textSchema(100).optional(),
    fingerprint: textSchema(300).optional(),
    batch_id: idSchema('batch').optional(),
    task_id: idSchema('task').optional(),
  }),
  responses: [{ status: 200, description: 'A page of dead letters.', schema: listSchema(deadLetterSchema) }],
  async handle(_context, { caller, query, http, db }) {
    const { status, reason, agent, code, fingerprint } = query;
    const filter = { status, reason, agent, code, fingerprint, batchId: query.batch_id, taskId: query.task_id };
    const page = await queryDeadLetters(db, caller.tenantId, filter, query);
    return toListReply(http, page, (row) => toDeadLetterResource(row));
  },
});
