import { checkWrite } from '../http/conditions.ts';
import { replyEmpty, replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { S3Error } from '../s3-error.ts';
import { MAX_DOCUMENT_BYTES } from '../xml/max-document-bytes.ts';
import { parseXml } from '../xml/parse-xml.ts';

const MAX_DELETE_KEYS = 1000;

/** `DELETE /bucket/key`: also answers 204 when there was nothing. */
export async function deleteObject({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const key = keyOf(request);
  await bucket.lock.run(key, async () => {
    if (request.headers.has('if-match')) checkWrite(request.headers, key, bucket.find(key));
    await bucket.removeObject(key);
  });
  return replyEmpty(204);
}

/** `POST /bucket?delete` */
export async function deleteObjects({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const hasDigest = [...request.headers.keys()].some((name) =>
    /^(content-md5|x-amz-checksum-.+|x-amz-trailer)$/.test(name),
  );
  if (!hasDigest) {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: Content-MD5 or x-amz-checksum-*',
    });
  }
  const document = parseXml(await request.payload.readText(MAX_DOCUMENT_BYTES), 'Delete');
  const keys = document.children('Object').map((object) => object.text('Key'));
  if (keys.length === 0 || keys.length > MAX_DELETE_KEYS) throw new S3Error('MalformedXML');
  const deleted: { Key: string }[] = [];
  for (const key of keys) {
    if (key === undefined || key === '') throw new S3Error('MalformedXML');
    await bucket.lock.run(key, async () => await bucket.removeObject(key));
    deleted.push({ Key: key });
  }
  const isQuiet = document.text('Quiet') === 'true';
  return replyXml('DeleteResult', isQuiet ? {} : { Deleted: deleted });
}
