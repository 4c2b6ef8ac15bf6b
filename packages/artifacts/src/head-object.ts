import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';
import { hasS3Code, toS3Failure } from './to-s3-failure.ts';

/** What S3 says about an object without sending it. */
export interface StoredObject {
  bytes: number;
  mediaType: string;
  etag: string;
  /** Hex, of the whole object; absent when its length was not known when the upload began. */
  sha256: string | undefined;
  /** Names the upload that made it. */
  uploadToken: string | undefined;
}

/** Names of our metadata (`x-amz-meta-*`). */
export const SHA256_METADATA = 'sha256';
export const UPLOAD_METADATA = 'upload';

/** Undefined when there is no such object. */
export async function headObject(
  connection: S3Connection,
  key: string,
  signal?: AbortSignal,
): Promise<StoredObject | undefined> {
  return await sendToS3(connection, { operation: 'HeadObject', key, signal }, async () => {
    const command = new HeadObjectCommand({ Bucket: connection.bucket, Key: key });
    try {
      const head = await connection.client.send(command, signal ? { abortSignal: signal } : {});
      return {
        bytes: head.ContentLength ?? 0,
        mediaType: head.ContentType ?? 'application/octet-stream',
        etag: head.ETag ?? '',
        sha256: head.Metadata?.[SHA256_METADATA],
        uploadToken: head.Metadata?.[UPLOAD_METADATA],
      };
    } catch (error) {
      // A reply to HEAD has no body, so a missing bucket and a missing key look the same.
      const failure = toS3Failure(error, 'HeadObject');
      if (hasS3Code(failure, 'NotFound', 'NoSuchKey')) return undefined;
      throw failure;
    }
  });
}

/** Whether the object is what this upload wrote: the answer to a lost reply and to a 412 (GUARANTEES.md F78, F79). */
export function isMadeBy(
  found: StoredObject,
  expected: { bytes: number; uploadToken: string; sha256?: string },
): boolean {
  if (found.bytes !== expected.bytes) return false;
  if (found.uploadToken === expected.uploadToken) return true;
  return expected.sha256 !== undefined && found.sha256 === expected.sha256;
}
