import { replyEmpty, replyXml, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import { MAX_DOCUMENT_BYTES } from '../xml/max-document-bytes.ts';
import { parseXml } from '../xml/parse-xml.ts';

const OWNER = { ID: 'local', DisplayName: 'local' };

/** `GET /` */
export async function listBuckets({ storage }: S3Context): Promise<S3Reply> {
  const buckets = storage.list().map((bucket) => ({
    Name: bucket.name,
    CreationDate: new Date(bucket.createdMs).toISOString(),
  }));
  return replyXml('ListAllMyBucketsResult', { Owner: OWNER, Buckets: { Bucket: buckets } });
}

/** `PUT /bucket`. The location asked for is read for its form only: there is one region here. */
export async function createBucket({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  const text = await request.payload.readText(MAX_DOCUMENT_BYTES);
  if (text !== '') parseXml(text, 'CreateBucketConfiguration');
  const name = bucketOf(request);
  await storage.create(name);
  return replyEmpty(200, { location: `/${name}` });
}

/** `HEAD /bucket` */
export async function headBucket({ storage, region }: S3Context, request: S3Request): Promise<S3Reply> {
  storage.get(bucketOf(request));
  return replyEmpty(200, { 'x-amz-bucket-region': region });
}

/** `DELETE /bucket`, only when no object is in it; unfinished uploads go with it. */
export async function deleteBucket({ storage }: S3Context, request: S3Request): Promise<S3Reply> {
  await storage.remove(bucketOf(request));
  return replyEmpty(204);
}

/** `GET /bucket?location` */
export async function getBucketLocation({ storage, region }: S3Context, request: S3Request): Promise<S3Reply> {
  storage.get(bucketOf(request));
  // The oldest region is spelled as nothing at all.
  return replyXml('LocationConstraint', region === 'us-east-1' ? {} : { '#text': region });
}
