import { DeleteObjectCommand, ListMultipartUploadsCommand, type MultipartUpload } from '@aws-sdk/client-s3';
import { abortMultipartUpload } from './multipart-upload.ts';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';

/** Deletes the object. One that is not there counts as deleted. Throws a FailureError. */
export async function deleteObject(connection: S3Connection, key: string): Promise<void> {
  await sendToS3(connection, { operation: 'DeleteObject', key }, () =>
    connection.client.send(new DeleteObjectCommand({ Bucket: connection.bucket, Key: key })),
  );
}

/**
 * Drops every unfinished upload to this key, whoever began it: after a kill -9 nobody knows their ids any more. Says how
 * many there were. Throws a FailureError.
 */
export async function abortUploads(connection: S3Connection, key: string): Promise<number> {
  const uploads = await listUploads(connection, key);
  for (const { UploadId } of uploads) {
    if (UploadId !== undefined) await abortMultipartUpload(connection, { key, uploadId: UploadId });
  }
  return uploads.length;
}

/** The first page is enough: a key has as many uploads as had lost replies, and the next visit finds the rest. */
async function listUploads(connection: S3Connection, key: string): Promise<MultipartUpload[]> {
  const { bucket, client } = connection;
  return await sendToS3(connection, { operation: 'ListMultipartUploads', key }, async () => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key }));
    return Uploads.filter((upload) => upload.Key === key);
  });
}
