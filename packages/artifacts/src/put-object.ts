import { PutObjectCommand } from '@aws-sdk/client-s3';
import { FailureError } from '@nightshift/domain';
import { headObject, isMadeBy, SHA256_METADATA, UPLOAD_METADATA } from './head-object.ts';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';
import { hasS3Code } from './to-s3-failure.ts';

export interface PutObjectOptions {
  key: string;
  bytes: Uint8Array;
  mediaType: string;
  /** Hex, of `bytes`. */
  sha256: string;
  uploadToken: string;
  /** Refuse to overwrite (`If-None-Match: *`). */
  ifAbsent: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Writes an object in one request and returns its ETag. With `ifAbsent`, an object that is already there is taken for
 * ours when its content is: the reply to an earlier try may have been lost.
 */
export async function putObject(connection: S3Connection, options: PutObjectOptions): Promise<string> {
  const { key, signal, uploadToken, sha256 } = options;
  try {
    return await sendToS3(connection, { operation: 'PutObject', key, signal }, () => sendPut(connection, options));
  } catch (error) {
    if (!(error instanceof FailureError) || !hasS3Code(error, 'PreconditionFailed')) throw error;
    const found = await headObject(connection, key, signal);
    if (found && isMadeBy(found, { bytes: options.bytes.length, uploadToken, sha256 })) return found.etag;
    throw error;
  }
}

async function sendPut(connection: S3Connection, options: PutObjectOptions): Promise<string> {
  const command = new PutObjectCommand({
    Bucket: connection.bucket,
    Key: options.key,
    Body: options.bytes,
    ContentLength: options.bytes.length,
    ContentType: options.mediaType,
    Metadata: { [SHA256_METADATA]: options.sha256, [UPLOAD_METADATA]: options.uploadToken },
    ...(options.ifAbsent ? { IfNoneMatch: '*' } : {}),
  });
  const reply = await connection.client.send(command, options.signal ? { abortSignal: options.signal } : {});
  return reply.ETag ?? '';
}
