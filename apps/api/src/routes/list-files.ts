import { listFiles as queryFiles } from '@nightshift/store';
import { z } from 'zod';
import { defineRoute } from '../http/route.ts';
import { toFile } from '../resources/to-file.ts';
import { toListReply } from '../resources/to-list.ts';
import { fileSchema } from '../schemas/file.ts';
import { listSchema, pageParams } from '../schemas/list.ts';

export const listFiles = defineRoute({
  method: 'get',
  path: '/files',
  operationId: 'listFiles',
  summary: 'List files, newest first',
  scope: 'tasks:read',
  query: z.strictObject(pageParams('file')),
  responses: [{ status: 200, description: 'A page of files.', schema: listSchema(fileSchema) }],
  async handle(_context, { caller, query, http, db }) {
    return toListReply(http, await queryFiles(db, caller.tenantId, query), toFile);
  },
});
