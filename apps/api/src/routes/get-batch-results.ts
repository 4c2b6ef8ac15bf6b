import { FINAL_STATUSES, type TaskId } from '@nightshift/domain';
import { findBatch, listArtifacts, listBatchTasks, type StoredArtifact } from '@nightshift/store';
import { z } from 'zod';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { writeLines } from '../http/write-lines.ts';
import { toArtifact } from '../resources/to-artifact.ts';
import { toBatchResult } from '../resources/to-batch-result.ts';
import { batchResultSchema } from '../schemas/batch-result.ts';
import { statusesParam } from '../schemas/statuses-param.ts';

/** Results fetched at once: bounds what a download holds in memory. */
const PAGE_SIZE = 200;

export const getBatchResults = defineRoute({
  method: 'get',
  path: '/batches/:batch_id/results',
  operationId: 'getBatchResults',
  summary: 'Download the results of a batch so far',
  description: 'One JSON object a line, in the order of the batch: every request that is over, also while others run.',
  scope: 'tasks:read',
  params: { batch_id: 'batch' },
  query: z.strictObject({ status: statusesParam(FINAL_STATUSES).optional() }),
  responses: [
    { status: 200, description: 'The results.', schema: batchResultSchema, mediaType: 'application/x-ndjson' },
  ],
  async handle(_context, { params, query, caller, http, response, db }) {
    const { tenantId } = caller;
    const { batch_id: batchId } = params;
    if (!(await findBatch(db, tenantId, batchId))) throw notFound('batch');
    const statuses = [...(query.status ?? FINAL_STATUSES)];
    async function* readLines() {
      let afterIndex = -1;
      for (;;) {
        const rows = await listBatchTasks(db, tenantId, batchId, { afterIndex, statuses, limit: PAGE_SIZE });
        const taskIds = rows.map((row) => row.id);
        const artifacts = groupByTask(await listArtifacts(db, tenantId, taskIds));
        for (const row of rows) yield toBatchResult(row, (artifacts.get(row.id) ?? []).map(toArtifact));
        if (rows.length < PAGE_SIZE) return;
        afterIndex = rows.at(-1)?.batchIndex ?? afterIndex;
      }
    }
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Type', 'application/x-ndjson; charset=utf-8');
    if (http.method === 'HEAD') response.end();
    else await writeLines(response, readLines());
    return undefined;
  },
});

function groupByTask(rows: readonly StoredArtifact[]): Map<TaskId, StoredArtifact[]> {
  const byTask = new Map<TaskId, StoredArtifact[]>();
  for (const row of rows) byTask.set(row.taskId, [...(byTask.get(row.taskId) ?? []), row]);
  return byTask;
}
