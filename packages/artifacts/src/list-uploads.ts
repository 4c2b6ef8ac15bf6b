import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';

/** An upload that S3 knows and nobody has finished. */
export interface UnfinishedUpload {
  key: string;
  initiatedAt: Date;
}

/** Unfinished uploads whose key begins with the prefix, the first page of them (at most 1000). Throws a FailureError. */
export async function listUploads(connection: S3Connection, prefix: string): Promise<UnfinishedUpload[]> {
  const { bucket, client } = connection;
  return await sendToS3(connection, { operation: 'ListMultipartUploads' }, async () => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }));
    return Uploads.flatMap(({ Key, Initiated }) =>
      Key === undefined || Initiated === undefined ? [] : [{ key: Key, initiatedAt: Initiated }],
    );
  });
}
