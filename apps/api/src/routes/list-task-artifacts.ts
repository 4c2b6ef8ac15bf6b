import { findTaskHead, listArtifacts } from '@nightshift/store';
import { z } from 'zod';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toArtifact } from '../resources/to-artifact.ts';
import { artifactSchema } from '../schemas/artifact.ts';

export const listTaskArtifacts = defineRoute({
  method: 'get',
  path: '/tasks/:task_id/artifacts',
  operationId: 'listTaskArtifacts',
  summary: 'List what the tools of a task produced',
  scope: 'tasks:read',
  params: { task_id: 'task' },
  responses: [{ status: 200, description: 'Oldest first.', schema: z.object({ data: z.array(artifactSchema) }) }],
  async handle(_context, { params, caller, db }) {
    if (!(await findTaskHead(db, caller.tenantId, params.task_id))) throw notFound('task');
    const rows = await listArtifacts(db, caller.tenantId, [params.task_id]);
    return { status: 200, body: { data: rows.map(toArtifact) } };
  },
});
