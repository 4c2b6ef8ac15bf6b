import { cancelTasks, findBatch, findCancellableTasks, requestBatchCancel } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toBatch } from '../resources/to-batch.ts';
import { batchSchema } from '../schemas/batch.ts';
import { cancelSchema } from '../schemas/cancel.ts';
import { announceCancels } from '../tasks/announce-cancels.ts';

/** Heads locked by one statement: short enough that no flush waits long. */
const CHUNK_SIZE = 500;

export const cancelBatch = defineRoute({
  method: 'post',
  path: '/batches/:batch_id/cancel',
  operationId: 'cancelBatch',
  summary: 'Cancel every request of a batch that is not over',
  description: 'Repeating it goes on where an interrupted one stopped.',
  scope: 'tasks:write',
  params: { batch_id: 'batch' },
  body: { schema: cancelSchema, limit: 'task', optional: true, example: { reason: 'not needed any more' } },
  responses: [{ status: 202, description: 'The wish is noted; the batch says how far it is.', schema: batchSchema }],
  async handle(context, { params, body, caller }) {
    const { tenantId } = caller;
    const { batch_id: batchId } = params;
    const { force, reason } = body;
    if (!(await findBatch(context.pool, tenantId, batchId))) throw notFound('batch');
    const actor = caller.keyId;
    await requestBatchCancel(context.pool, { tenantId, batchId, actor, reason });
    for (;;) {
      const taskIds = await findCancellableTasks(context.pool, { tenantId, batchId, force, limit: CHUNK_SIZE });
      if (taskIds.length === 0) break;
      announceCancels(context, await cancelTasks(context.pool, { tenantId, taskIds, force, reason, actor }));
    }
    const row = await findBatch(context.pool, tenantId, batchId);
    if (!row) throw notFound('batch');
    return { status: 202, body: toBatch(row) };
  },
});
