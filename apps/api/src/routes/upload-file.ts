import { storeFile, toFileKey } from '@nightshift/artifacts';
import { createId, type FileId, messageOf, type TenantId } from '@nightshift/domain';
import { deleteFile, finishFile, insertFile } from '@nightshift/store';
import type { Request } from 'express';
import { z } from 'zod';
import type { ApiContext } from '../context.ts';
import { mediaTypeOf } from '../http/parse-json.ts';
import { parseWith } from '../http/parse-with.ts';
import { refuseEncoding, tooLarge } from '../http/read-body.ts';
import { refuse } from '../http/refuse.ts';
import { defineRoute } from '../http/route.ts';
import { sniffMediaType } from '../http/sniff-media-type.ts';
import { toFile } from '../resources/to-file.ts';
import { fileSchema } from '../schemas/file.ts';
import { textSchema } from '../schemas/text.ts';

const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

const nameSchema = textSchema(255);

export const uploadFile = defineRoute({
  method: 'post',
  path: '/files',
  operationId: 'uploadFile',
  summary: 'Upload a document',
  description:
    'The body is the document itself, streamed to S3; its name is in `?name=` or in `X-File-Name` (percent-encoded). The same bytes under the same name are kept once.',
  scope: 'tasks:write',
  headers: ['X-File-Name'],
  query: z.strictObject({ name: nameSchema.optional() }),
  rawBody: { description: 'The bytes of the document.' },
  responses: [
    { status: 201, description: 'Stored.', schema: fileSchema },
    { status: 200, description: 'The same bytes were stored under this name before.', schema: fileSchema },
  ],
  async handle(context, { caller, query, http, gone }) {
    const { tenantId } = caller;
    const declared = readMediaType(http);
    const name = query.name ?? readName(http);
    const { maxFileBytes } = context.config.tasks;
    if (Number(http.headers['content-length'] ?? 0) > maxFileBytes) throw tooLarge(maxFileBytes);
    const fileId = createId('file');
    const s3Key = toFileKey(tenantId, fileId);
    await insertFile(context.pool, { id: fileId, tenantId, name, mediaType: declared, s3Key });
    try {
      const stored = await storeFile(context.objects, http, {
        tenantId,
        fileId,
        mediaType: declared,
        maxBytes: maxFileBytes,
        sniff: (head, said) => sniffMediaType(head, said, name),
        signal: gone,
      });
      const { bytes, sha256, mediaType } = stored;
      const finished = await finishFile(context.pool, { id: fileId, tenantId, bytes, sha256, mediaType });
      if (!finished) throw refuse('conflict', 'The file was deleted while it was being uploaded.');
      if (finished.isTwin) await discardBytes(context, s3Key);
      const headers = { Location: `/v1/files/${finished.file.id}` };
      return { status: finished.isTwin ? 200 : 201, headers, body: toFile(finished.file) };
    } catch (error) {
      await giveUp(context, { tenantId, fileId, actor: caller.keyId });
      throw error;
    }
  },
});

/** A form would be stored with its boundaries as if they were part of the document. */
function readMediaType(http: Request): string {
  refuseEncoding(http);
  const mediaType = mediaTypeOf(http.headers['content-type']);
  if (mediaType.startsWith('multipart/')) {
    throw refuse('unsupported_media_type', 'Send the document itself as the body, not a form.');
  }
  if (mediaType !== '' && !MEDIA_TYPE.test(mediaType)) {
    throw refuse('unsupported_media_type', 'The Content-Type is not a media type.');
  }
  return mediaType === '' ? 'application/octet-stream' : mediaType;
}

/** Headers are Latin-1, so that a name with other letters comes percent-encoded. */
function readName(http: Request): string {
  const header = http.headers['x-file-name'];
  if (typeof header !== 'string') {
    const problem = { pointer: '?name', detail: 'A file needs a name.', code: 'required' };
    throw refuse('invalid_request', 'Say what the file is called, in ?name= or X-File-Name.', [problem]);
  }
  let name = header;
  try {
    name = decodeURIComponent(header);
  } catch {
    // A name with a plain percent sign in it is taken as it is.
  }
  return parseWith(nameSchema, name, 'query');
}

async function giveUp(
  context: ApiContext,
  request: { tenantId: TenantId; fileId: FileId; actor: string },
): Promise<void> {
  await deleteFile(context.pool, request).catch((error: unknown) => {
    context.log.warn({ file: request.fileId, error: messageOf(error) }, 'row of a failed upload stays');
  });
}

async function discardBytes(context: ApiContext, s3Key: string): Promise<void> {
  await context.objects.delete(s3Key).catch((error: unknown) => {
    context.log.warn({ error: messageOf(error) }, 'bytes of a repeated upload are still in S3');
  });
}
