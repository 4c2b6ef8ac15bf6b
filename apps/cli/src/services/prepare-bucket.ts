import { createObjectStore } from '@nightshift/artifacts';
import type { StackSettings } from '@nightshift/local';
import type { Logger } from '@nightshift/telemetry';
import { describeError } from '../up/describe-error.ts';

/**
 * Makes sure that the bucket of an S3 given from outside is there, and creates it when it is not: a wrong name or key is
 * better said now than by the first upload.
 * @throws Error that names bucket and place
 */
export async function prepareBucket({ s3 }: Pick<StackSettings, 's3'>, log: Logger): Promise<void> {
  const { accessKeyId, secretAccessKey, sessionToken } = s3;
  const store = createObjectStore({
    bucket: s3.bucket,
    region: s3.region,
    forcePathStyle: s3.forcePathStyle,
    ...(s3.endpoint === undefined ? {} : { endpoint: s3.endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } }),
    log,
  });
  try {
    await store.ensureBucket();
  } catch (error) {
    const place = s3.endpoint ?? `AWS (${s3.region})`;
    throw new Error(`the bucket "${s3.bucket}" at ${place} cannot be used: ${describeError(error)}`, { cause: error });
  } finally {
    store.close();
  }
}
