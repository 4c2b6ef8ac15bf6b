import { messageOf } from '@nightshift/domain';
import { deleteFile as markDeleted } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';

export const deleteFile = defineRoute({
  method: 'delete',
  path: '/files/:file_id',
  operationId: 'deleteFile',
  summary: 'Delete a file',
  description: 'A task that still has to read it will fail.',
  scope: 'tasks:write',
  params: { file_id: 'file' },
  responses: [{ status: 204, description: 'It is gone.' }],
  async handle(context, { params, caller }) {
    const request = { tenantId: caller.tenantId, fileId: params.file_id, actor: caller.keyId };
    const s3Key = await markDeleted(context.pool, request);
    if (s3Key === undefined) throw notFound('file');
    // The row says `deleted`: whatever fails here is found from it again.
    await context.objects.delete(s3Key).catch((error: unknown) => {
      context.log.warn({ file: params.file_id, error: messageOf(error) }, 'bytes of a deleted file are still in S3');
    });
    return { status: 204 };
  },
});
