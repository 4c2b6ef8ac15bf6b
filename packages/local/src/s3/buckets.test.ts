import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from './start-temporary-s3-server.ts';

let server: TemporaryS3Server;
let client: S3Client;

beforeAll(async () => {
  server = await startTemporaryS3Server({ buckets: ['list-bucket'] });
  client = new S3Client({ ...server.clientOptions, maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

describe('buckets', () => {
  it('CreateBucket, HeadBucket, ListBuckets and DeleteBucket tell the life of a bucket', async () => {
    const Bucket = 'life.of-a-bucket';
    await client.send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
    );
    await client.send(new HeadBucketCommand({ Bucket }));
    expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-central-1');
    expect((await client.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toEqual([
      Bucket,
      'list-bucket',
    ]);
    await expect(client.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    await client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }));
    await expect(client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'x' }));
    await client.send(new DeleteBucketCommand({ Bucket }));
    await expect(client.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });

  it.each(['Upper', 'ab', 'a..b', '192.168.0.1', 'a_b'])('CreateBucket refuses the name %s', async (Bucket) => {
    const call = client.send(new CreateBucketCommand({ Bucket }));
    await expect(call).rejects.toMatchObject({ name: 'InvalidBucketName', $metadata: { httpStatusCode: 400 } });
  });

  it('an operation that is not implemented is refused instead of taken for another', async () => {
    const Bucket = 'list-bucket';
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
    await expect(client.send(new GetBucketVersioningCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
    await expect(client.send(new PutObjectTaggingCommand({ Bucket, Key: 'x', Tagging }))).rejects.toMatchObject({
      name: 'NotImplemented',
    });
  });
});

describe('ListObjectsV2', () => {
  const Bucket = 'list-bucket';
  const keys = ['a/1', 'a/2', 'a/b/3', 'a/b/4', 'a/c', 'a0', 'b', 'b/\uffee', 'b/\u{1f600}', 'c/1', 'c/2'];

  beforeAll(async () => {
    for (const Key of [...keys].reverse()) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  });

  const list = async (options: object = {}) => {
    const got = await client.send(new ListObjectsV2Command({ Bucket, ...options }));
    return {
      keys: (got.Contents ?? []).map(({ Key }) => Key),
      prefixes: (got.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
    };
  };

  it('ListObjectsV2 sorts by UTF-8 bytes and tells size and ETag', async () => {
    expect((await list()).keys).toEqual(keys);
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'a0' }));
    expect(Contents).toMatchObject([
      { Key: 'a0', Size: 2, ETag: expect.stringMatching(/^"\w{32}"$/), StorageClass: 'STANDARD' },
    ]);
  });

  it('ListObjectsV2 rolls keys up behind a prefix', async () => {
    expect(await list({ Delimiter: '/' })).toEqual({ keys: ['a0', 'b'], prefixes: ['a/', 'b/', 'c/'] });
    expect(await list({ Delimiter: '/', Prefix: 'a/' })).toEqual({ keys: ['a/1', 'a/2', 'a/c'], prefixes: ['a/b/'] });
    expect(await list({ Prefix: 'a/b' })).toEqual({ keys: ['a/b/3', 'a/b/4'], prefixes: [] });
    expect(await list({ Prefix: 'zz' })).toEqual({ keys: [], prefixes: [] });
    expect((await list({ StartAfter: 'b' })).keys).toEqual(keys.slice(7));
  });

  it('ListObjectsV2 pages of every size give every key and prefix once', async () => {
    for (const Delimiter of [undefined, '/']) {
      const expected = await list({ Delimiter });
      for (let pageSize = 1; pageSize <= keys.length; pageSize++) {
        const seen: { keys: unknown[]; prefixes: unknown[] } = { keys: [], prefixes: [] };
        for await (const page of paginateListObjectsV2({ client, pageSize }, { Bucket, Delimiter })) {
          expect(page.KeyCount).toBeLessThanOrEqual(pageSize);
          seen.keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
          seen.prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
        }
        expect(seen).toEqual(expected);
      }
    }
  });

  it('ListObjectsV2 encodes keys when asked and refuses a token it did not make', async () => {
    const got = await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'b/', EncodingType: 'url' }));
    expect(got.Contents?.map(({ Key }) => Key)).toEqual(['b/%EF%BF%AE', 'b/%F0%9F%98%80']);
    await expect(list({ ContinuationToken: 'bogus' })).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(list({ MaxKeys: -1 })).rejects.toMatchObject({ name: 'InvalidArgument' });
  });
});
