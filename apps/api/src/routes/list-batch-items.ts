import { STATUSES } from '@nightshift/domain';
import { findBatch, listBatchTasks } from '@nightshift/store';
import { z } from 'zod';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toBatchItem } from '../resources/to-batch-item.ts';
import { batchItemSchema } from '../schemas/batch-item.ts';
import { numberParam } from '../schemas/list.ts';
import { statusesParam } from '../schemas/statuses-param.ts';

const MAX_LIMIT = 1_000;

const itemPageSchema = z.object({
  data: z.array(batchItemSchema),
  has_more: z.boolean(),
  next_after: z.int().nullable(),
});

export const listBatchItems = defineRoute({
  method: 'get',
  path: '/batches/:batch_id/items',
  operationId: 'listBatchItems',
  summary: 'List the requests of a batch and how far each is',
  scope: 'tasks:read',
  params: { batch_id: 'batch' },
  query: z.strictObject({
    limit: numberParam(1, MAX_LIMIT).prefault('100'),
    after: numberParam(0, 2_147_483_647).optional().meta({ description: '`index` of the last item seen.' }),
    status: statusesParam(STATUSES).optional(),
  }),
  responses: [{ status: 200, description: 'In the order of the batch.', schema: itemPageSchema }],
  async handle(_context, { params, query, caller, db }) {
    const { tenantId } = caller;
    const filter = { afterIndex: query.after ?? -1, statuses: query.status, limit: query.limit + 1 };
    const rows = await listBatchTasks(db, tenantId, params.batch_id, filter);
    if (rows.length === 0 && !(await findBatch(db, tenantId, params.batch_id))) throw notFound('batch');
    const shown = rows.slice(0, query.limit);
    const hasMore = rows.length > shown.length;
    const nextAfter = hasMore ? (shown.at(-1)?.batchIndex ?? null) : null;
    return { status: 200, body: { data: shown.map(toBatchItem), has_more: hasMore, next_after: nextAfter } };
  },
});
