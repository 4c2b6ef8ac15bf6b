import { type BucketLocationConstraint, CreateBucketCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { FailureError } from '@nightshift/domain';
import type { S3Connection } from './s3-connection.ts';
import { sendToS3 } from './send-to-s3.ts';
import { hasS3Code } from './to-s3-failure.ts';

/** Creates the bucket when it does not exist. Several processes may do so at once. Throws a FailureError. */
export async function ensureBucket(connection: S3Connection): Promise<void> {
  const { client, bucket: Bucket } = connection;
  try {
    await sendToS3(connection, { operation: 'HeadBucket' }, () => client.send(new HeadBucketCommand({ Bucket })));
  } catch (error) {
    if (!(error instanceof FailureError) || !hasS3Code(error, 'NotFound', 'NoSuchBucket')) throw error;
    await createBucket(connection);
  }
}

async function createBucket(connection: S3Connection): Promise<void> {
  const { client, bucket, region } = connection;
  // us-east-1 is the region that S3 takes by its absence only.
  const location =
    region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint: toLocation(region) } };
  const command = new CreateBucketCommand({ Bucket: bucket, ...location });
  try {
    await sendToS3(connection, { operation: 'CreateBucket' }, () => client.send(command));
  } catch (error) {
    if (!(error instanceof FailureError) || !hasS3Code(error, 'BucketAlreadyOwnedByYou')) throw error;
  }
}

/** The SDK lists the regions it knew when it was built; S3 clones and newer regions have others. */
function toLocation(region: string): BucketLocationConstraint {
  return region as BucketLocationConstraint;
}
