import { listBatches as queryBatches } from '@nightshift/store';
import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { toBatch } from '../resources/to-batch.ts';
import { toListReply } from '../resources/to-list.ts';
import { batchSchema } from '../schemas/batch.ts';
import { listSchema, pageParams } from '../schemas/list.ts';

export const listBatches = defineRoute({
  method: 'get',
  path: '/batches',
  operationId: 'listBatches',
  summary: 'List batches, newest first',
  scope: 'tasks:read',
  query: z.strictObject(pageParams('batch')),
  responses: [{ status: 200, description: 'A page of batches.', schema: listSchema(batchSchema) }],
  async handle(_context, { caller, query, http, db }) {
    return toListReply(http, await queryBatches(db, caller.tenantId, query), toBatch);
  },
});
