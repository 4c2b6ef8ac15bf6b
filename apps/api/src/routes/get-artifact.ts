import { findArtifact } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toArtifact } from '../resources/to-artifact.ts';
import { artifactSchema } from '../schemas/artifact.ts';

export const getArtifact = defineRoute({
  method: 'get',
  path: '/artifacts/:artifact_id',
  operationId: 'getArtifact',
  summary: 'Read what is known of an artifact',
  scope: 'tasks:read',
  params: { artifact_id: 'art' },
  responses: [{ status: 200, description: 'The artifact.', schema: artifactSchema }],
  async handle(_context, { params, caller, db }) {
    const row = await findArtifact(db, caller.tenantId, params.artifact_id);
    if (!row) throw notFound('artifact');
    return { status: 200, body: toArtifact(row) };
  },
});
