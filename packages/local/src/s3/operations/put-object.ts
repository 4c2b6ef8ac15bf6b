import type { ChecksumAlgorithm } from '../body/checksum.ts';
import type { Payload, PayloadDigests } from '../body/payload.ts';
import { checkWrite } from '../http/conditions.ts';
import { parseObjectAttributes, quoteEtag, toChecksumHeaders } from '../http/object-headers.ts';
import { replyEmpty, type S3Reply } from '../http/s3-reply.ts';
import { bucketOf, keyOf, type S3Request } from '../http/s3-request.ts';
import type { S3Context } from '../s3-context.ts';
import type { Bucket } from '../storage/bucket.ts';
import type { ObjectAttributes, ObjectRecord } from '../storage/object-record.ts';

/** `PUT /bucket/key` */
export async function putObject({ storage, nowMs }: S3Context, request: S3Request): Promise<S3Reply> {
  const bucket = storage.get(bucketOf(request));
  const record = await storeObject({
    bucket,
    key: keyOf(request),
    attributes: parseObjectAttributes(request.headers),
    payload: request.payload,
    conditions: request.headers,
    nowMs,
  });
  return replyEmpty(200, { etag: quoteEtag(record.etag), ...toChecksumHeaders(record) });
}

export interface StoreObjectOptions {
  bucket: Bucket;
  key: string;
  attributes: ObjectAttributes;
  payload: Payload;
  /** The headers with the conditions of the write. */
  conditions: ReadonlyMap<string, string>;
  nowMs: () => number;
  fallbackAlgorithm?: ChecksumAlgorithm | null;
}

/**
 * Streams a payload to disk and makes it an object. The conditions are checked before the body is read, to spare the
 * client the upload, and again under the lock, where they count.
 */
export async function storeObject(options: StoreObjectOptions): Promise<ObjectRecord> {
  const { bucket, key, payload, conditions } = options;
  checkWrite(conditions, key, bucket.find(key));
  const file = await bucket.writeTemporary(payload.read({ fallbackAlgorithm: options.fallbackAlgorithm ?? null }));
  try {
    return await bucket.lock.run(key, async () => {
      checkWrite(conditions, key, bucket.find(key));
      const record = toRecord(options, payload.digests, file);
      await bucket.keepFile(file);
      await bucket.putObject(record);
      return record;
    });
  } catch (error) {
    await bucket.dropTemporary(file);
    throw error;
  }
}

function toRecord({ key, attributes, nowMs }: StoreObjectOptions, digests: PayloadDigests, file: string): ObjectRecord {
  const { sizeBytes, md5Hex, checksum } = digests;
  return {
    key,
    sizeBytes,
    etag: md5Hex,
    lastModifiedMs: nowMs(),
    headers: attributes.headers,
    metadata: attributes.metadata,
    checksum: checksum === null ? null : { ...checksum, type: 'FULL_OBJECT' },
    segments: [{ file, sizeBytes }],
  };
}
