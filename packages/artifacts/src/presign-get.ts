import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { toContentDisposition } from './content-disposition.ts';
import type { S3Connection } from './s3-connection.ts';
import { toServedMediaType } from './served-media-type.ts';
import { toS3Failure } from './to-s3-failure.ts';

/** A URL is a bearer token: it lives as short as a download needs to begin (SECURITY.md S61). */
export const MAX_PRESIGNED_SECONDS = 300;

export interface PresignOptions {
  /** At most MAX_PRESIGNED_SECONDS; longer is shortened. */
  expiresSeconds: number;
  fileName: string;
  mediaType: string;
}

/** A URL for one GET of the object, saved under the given name with a type that runs nothing. Mint it per request. */
export async function presignGet(connection: S3Connection, key: string, options: PresignOptions): Promise<string> {
  const command = new GetObjectCommand({
    Bucket: connection.bucket,
    Key: key,
    ResponseContentDisposition: toContentDisposition(options.fileName),
    ResponseContentType: toServedMediaType(options.mediaType),
  });
  const expiresIn = Math.max(1, Math.min(MAX_PRESIGNED_SECONDS, Math.floor(options.expiresSeconds)));
  try {
    return await getSignedUrl(connection.presigner, command, { expiresIn });
  } catch (error) {
    throw toS3Failure(error, 'presign');
  }
}
