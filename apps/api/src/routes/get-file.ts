import { findFile } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { toFile } from '../resources/to-file.ts';
import { fileSchema } from '../schemas/file.ts';

export const getFile = defineRoute({
  method: 'get',
  path: '/files/:file_id',
  operationId: 'getFile',
  summary: 'Read what is known of a file',
  scope: 'tasks:read',
  params: { file_id: 'file' },
  responses: [{ status: 200, description: 'The file.', schema: fileSchema }],
  async handle(_context, { params, caller, db }) {
    const row = await findFile(db, caller.tenantId, params.file_id);
    if (!row) throw notFound('file');
    return { status: 200, body: toFile(row) };
  },
});
