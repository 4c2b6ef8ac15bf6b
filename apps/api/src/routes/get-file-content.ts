import { findFile } from '@nightshift/store';
import { z } from 'zod';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { sendContent } from '../http/send-content.ts';

export const getFileContent = defineRoute({
  method: 'get',
  path: '/files/:file_id/content',
  operationId: 'getFileContent',
  summary: 'Fetch the bytes of a file',
  scope: 'tasks:read',
  headers: ['Range', 'If-Range', 'If-None-Match'],
  params: { file_id: 'file' },
  query: z.strictObject({ redirect: z.enum(['0', '1']).default('0') }),
  responses: [
    { status: 200, description: 'The bytes.', mediaType: '*/*' },
    { status: 206, description: 'The range that was asked for.', mediaType: '*/*' },
    { status: 302, description: 'Where the bytes are, for a few minutes.' },
    { status: 304, description: 'The client has them.' },
  ],
  async handle(context, request) {
    const row = await findFile(request.db, request.caller.tenantId, request.params.file_id);
    if (!row) throw notFound('file');
    return await sendContent(context, request, row, { redirect: request.query.redirect === '1' });
  },
});
