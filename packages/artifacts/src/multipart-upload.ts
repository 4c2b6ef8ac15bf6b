import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { FailureError, must } from '@nightshift/domain';
import { headObject, isMadeBy, UPLOAD_METADATA } from './head-object.ts';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';
import { hasS3Code } from './to-s3-failure.ts';

/** A multipart upload that S3 knows. */
export interface MultipartUpload {
  key: string;
  uploadId: string;
  uploadToken: string;
}

/**
 * Begins an upload. It cannot be aborted half-way, so that its id is never lost to an abort; a lost reply leaves an
 * upload without parts, for the bucket's lifecycle rule or `abortUploads`.
 */
export async function createMultipartUpload(
  connection: S3Connection,
  options: { key: string; mediaType: string; uploadToken: string },
): Promise<MultipartUpload> {
  const { key, uploadToken } = options;
  return await sendToS3(connection, { operation: 'CreateMultipartUpload', key }, async () => {
    const command = new CreateMultipartUploadCommand({
      Bucket: connection.bucket,
      Key: key,
      ContentType: options.mediaType,
      Metadata: { [UPLOAD_METADATA]: uploadToken },
    });
    const { UploadId } = await connection.client.send(command);
    return { key, uploadToken, uploadId: must(UploadId, 'S3 began a multipart upload without an id') };
  });
}

/** Sends one part; the returned record is what `completeMultipartUpload` lists. Sending a part again replaces it. */
export async function uploadPart(
  connection: S3Connection,
  upload: MultipartUpload,
  part: { number: number; bytes: Uint8Array; signal?: AbortSignal },
): Promise<CompletedPart> {
  const { key, uploadId } = upload;
  return await sendToS3(connection, { operation: 'UploadPart', key, signal: part.signal }, async () => {
    const command = new UploadPartCommand({
      Bucket: connection.bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: part.number,
      Body: part.bytes,
      ContentLength: part.bytes.length,
    });
    const reply = await connection.client.send(command, part.signal ? { abortSignal: part.signal } : {});
    return {
      PartNumber: part.number,
      ETag: reply.ETag,
      ...(reply.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: reply.ChecksumCRC32 }),
    };
  });
}

export interface CompleteOptions {
  parts: readonly CompletedPart[];
  /** Size of the whole. */
  bytes: number;
  ifAbsent: boolean;
  signal?: AbortSignal;
}

/**
 * Makes the parts an object and returns its ETag. After any failure a HEAD decides: when the object is there and this
 * upload made it, the reply was lost and all is well.
 */
export async function completeMultipartUpload(
  connection: S3Connection,
  upload: MultipartUpload,
  options: CompleteOptions,
): Promise<string> {
  const { key, uploadToken } = upload;
  const { signal, bytes } = options;
  return await sendToS3(connection, { operation: 'CompleteMultipartUpload', key, signal }, async () => {
    try {
      return await sendComplete(connection, upload, options);
    } catch (error) {
      signal?.throwIfAborted();
      const found = await headObject(connection, key, signal);
      if (found && isMadeBy(found, { bytes, uploadToken })) return found.etag;
      throw error;
    }
  });
}

async function sendComplete(
  connection: S3Connection,
  upload: MultipartUpload,
  options: CompleteOptions,
): Promise<string> {
  const command = new CompleteMultipartUploadCommand({
    Bucket: connection.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    MultipartUpload: { Parts: [...options.parts] },
    ...(options.ifAbsent ? { IfNoneMatch: '*' } : {}),
  });
  const reply = await connection.client.send(command, options.signal ? { abortSignal: options.signal } : {});
  return reply.ETag ?? '';
}

/** Whoever gives up waits for this, and S3 may be why: what cannot be dropped in time is left to the bucket's lifecycle rule. */
const ABORT_TIMEOUT_MS = 15_000;

/**
 * Drops an upload and its parts. An upload that S3 no longer knows is dropped. Throws a FailureError, or a TimeoutError
 * after 15 seconds.
 */
export async function abortMultipartUpload(
  connection: S3Connection,
  upload: Pick<MultipartUpload, 'key' | 'uploadId'>,
): Promise<void> {
  const { key, uploadId } = upload;
  const signal = AbortSignal.timeout(ABORT_TIMEOUT_MS);
  try {
    await sendToS3(connection, { operation: 'AbortMultipartUpload', key, signal }, async () => {
      const command = new AbortMultipartUploadCommand({ Bucket: connection.bucket, Key: key, UploadId: uploadId });
      await connection.client.send(command, { abortSignal: signal });
    });
  } catch (error) {
    if (!(error instanceof FailureError) || !hasS3Code(error, 'NoSuchUpload')) throw error;
  }
}
