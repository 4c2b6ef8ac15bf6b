import { findBatch } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toBatch } from '../resources/to-batch.ts';
import { batchSchema } from '../schemas/batch.ts';

export const getBatch = defineRoute({
  method: 'get',
  path: '/batches/:batch_id',
  operationId: 'getBatch',
  summary: 'Read a batch with its counts of this moment',
  scope: 'tasks:read',
  params: { batch_id: 'batch' },
  responses: [{ status: 200, description: 'The batch.', schema: batchSchema }],
  async handle(_context, { params, caller, db }) {
    const row = await findBatch(db, caller.tenantId, params.batch_id);
    if (!row) throw notFound('batch');
    const body = toBatch(row);
    return { status: 200, headers: body.poll_after_ms === null ? {} : { 'Retry-After': '2' }, body };
  },
});
