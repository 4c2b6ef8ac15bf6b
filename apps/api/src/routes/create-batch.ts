import { createId } from '@nightshift/domain';
import { insertBatch } from '@nightshift/store';
import { readIdempotency, writeOnce } from '../http/idempotency.ts';
import { defineRoute } from '../http/route.ts';
import { toBatch } from '../resources/to-batch.ts';
import { batchSchema } from '../schemas/batch.ts';
import { createBatchSchema } from '../schemas/create-batch.ts';
import { assertAgentInputs, assertKnownAgents } from '../tasks/assert-agent-inputs.ts';
import { hasInputFiles } from '../tasks/has-input-files.ts';
import { toNewTask } from '../tasks/to-new-task.ts';

const EXAMPLE = {
  agent: 'document-analyst',
  name: 'contracts of May',
  requests: [
    { custom_id: 'minutes.md', input: { file_id: 'file_01h455vb4pex5vsknk084sn02q', name: 'minutes.md' } },
    { custom_id: 'jingle', agent: 'composer', input: { prompt: 'Something calm, 5 seconds.' } },
  ],
};

export const createBatch = defineRoute({
  method: 'post',
  path: '/batches',
  operationId: 'createBatch',
  summary: 'Submit many tasks together',
  description: 'All of them are accepted or none is. `Idempotency-Key` makes it repeatable.',
  scope: 'tasks:write',
  headers: ['Idempotency-Key'],
  body: { schema: createBatchSchema, limit: 'batch', example: EXAMPLE },
  responses: [{ status: 202, description: 'Accepted: all of them will run.', schema: batchSchema }],
  async handle(context, { body, caller, http, rawBody }) {
    assertKnownAgents(context, [
      { agent: body.agent, path: [] },
      ...body.requests.map(({ agent = body.agent }, i) => ({ agent, path: ['requests', i] })),
    ]);
    const requests = body.requests.map(({ agent = body.agent, input }, i) => ({ agent, input, path: ['requests', i] }));
    assertAgentInputs(requests);
    const createdAt = new Date();
    const { tenantId } = caller;
    const { traceparent } = http.headers;
    const tasks = body.requests.map((request) => ({
      ...toNewTask(
        {
          ...request,
          agent: request.agent ?? body.agent,
          not_before: request.not_before ?? body.not_before,
        },
        { id: createId('task'), tenantId, createdAt, traceparent },
      ),
      customId: request.custom_id,
    }));
    const { name, agent, metadata, concurrency } = body;
    const batch = { id: createId('batch'), tenantId, name, agent, metadata, concurrency, createdAt, tasks };
    const waiting = tasks.filter((task) => task.notBefore !== undefined).length;
    const accepted = toBatch({
      ...batch,
      total: tasks.length,
      counts: {
        queued: tasks.length - waiting,
        running: 0,
        waiting,
        completed: 0,
        failed: 0,
        cancelled: 0,
        expired: 0,
      },
      cancelRequestedAt: undefined,
      startedAt: undefined,
      finishedAt: undefined,
    });
    const answer = readIdempotency(http.headers['idempotency-key'], {
      caller,
      rawBody,
      route: 'POST /batches',
      status: 202,
      body: accepted,
    });
    const stored = await writeOnce(
      context,
      answer,
      async () =>
        (await hasInputFiles(context, { tenantId, answer, requests })) && insertBatch(context.pool, batch, answer),
    );
    const shown = stored?.body ?? accepted;
    const headers: Record<string, string> = { 'Retry-After': '2' };
    const id = typeof shown === 'object' && shown !== null && 'id' in shown ? shown.id : batch.id;
    headers.Location = `/v1/batches/${id}`;
    if (stored) headers['Idempotent-Replayed'] = 'true';
    return { status: stored?.status ?? 202, headers, body: shown };
  },
});
