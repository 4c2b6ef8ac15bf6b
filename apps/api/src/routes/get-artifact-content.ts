import { createFailure } from '@nightshift/domain';
import { findArtifact } from '@nightshift/store';
import { z } from 'zod';
import { notFound, RequestError, refuse } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { sendContent } from '../http/send-content.ts';
import { hasContent } from '../resources/to-artifact.ts';

export const getArtifactContent = defineRoute({
  method: 'get',
  path: '/artifacts/:artifact_id/content',
  operationId: 'getArtifactContent',
  summary: 'Fetch the bytes of an artifact',
  description: 'Whole or one `Range`; `redirect=1` answers with a short-lived address in S3 instead.',
  scope: 'tasks:read',
  headers: ['Range', 'If-Range', 'If-None-Match'],
  acceptsStreamToken: true,
  params: { artifact_id: 'art' },
  query: z.strictObject({ redirect: z.enum(['0', '1']).default('0') }),
  responses: [
    { status: 200, description: 'The bytes.', mediaType: '*/*' },
    { status: 206, description: 'The range that was asked for.', mediaType: '*/*' },
    { status: 302, description: 'Where the bytes are, for a few minutes.' },
    { status: 304, description: 'The client has them.' },
  ],
  async handle(context, request) {
    const { caller, params, query } = request;
    const row = await findArtifact(request.db, caller.tenantId, params.artifact_id);
    if (!row || (caller.onlyTaskId !== undefined && caller.onlyTaskId !== row.taskId)) throw notFound('artifact');
    if (row.status === 'uploading') {
      const message = 'The artifact is still being written.';
      throw new RequestError(createFailure('conflict', message, { retryable: true, retryAfterMs: 1_000 }), []);
    }
    if (!hasContent(row)) throw refuse('conflict', 'The artifact was given up; nothing of it can be used.');
    return await sendContent(context, request, row, { redirect: query.redirect === '1' });
  },
});
