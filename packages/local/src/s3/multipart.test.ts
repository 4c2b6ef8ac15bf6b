import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from './start-temporary-s3-server.ts';

const PART_BYTES = 5 * 1024 * 1024;

let server: TemporaryS3Server;
let client: S3Client;
let Bucket: string;

beforeAll(async () => {
  server = await startTemporaryS3Server();
  client = new S3Client({ ...server.clientOptions, maxAttempts: 1 });
  Bucket = server.bucket;
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

async function begin(Key: string, options: Partial<CreateMultipartUploadCommandInput> = {}) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...options }));
  return { Bucket, Key, UploadId };
}

type Target = Awaited<ReturnType<typeof begin>>;

async function upload(target: Target, PartNumber: number, Body: Buffer | string): Promise<CompletedPart> {
  const { ETag, ChecksumCRC32, ChecksumSHA256 } = await client.send(
    new UploadPartCommand({ ...target, PartNumber, Body }),
  );
  return { PartNumber, ETag, ChecksumCRC32, ChecksumSHA256 };
}

const complete = (target: Target, Parts: CompletedPart[], options: object = {}) =>
  client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts }, ...options }));

const bytes = (letter: string, count = PART_BYTES): Buffer => Buffer.alloc(count, letter);
const md5 = (data: Buffer): Buffer => createHash('md5').update(data).digest();

describe('multipart upload', () => {
  it('a stream of unknown length goes up in parts and comes back whole, by range across parts too', async () => {
    const source = Readable.from(Array.from({ length: 120 }, (_, index) => Buffer.alloc(100_003, index)));
    const target = await begin('unknown-length', { ContentType: 'audio/mpeg', Metadata: { voice: 'slt' } });
    const parts: CompletedPart[] = [];
    const whole: Buffer[] = [];
    let pending: Buffer[] = [];
    for await (const chunk of source) {
      pending.push(chunk);
      whole.push(chunk);
      if (pending.reduce((sum, { length }) => sum + length, 0) < PART_BYTES) continue;
      parts.push(await upload(target, parts.length + 1, Buffer.concat(pending)));
      pending = [];
    }
    parts.push(await upload(target, parts.length + 1, Buffer.concat(pending)));
    const expected = Buffer.concat(whole);
    const done = await complete(target, parts);
    expect(parts).toHaveLength(3);
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'unknown-length', ChecksumMode: 'ENABLED' }));
    expect(got).toMatchObject({ ContentType: 'audio/mpeg', Metadata: { voice: 'slt' }, ETag: done.ETag });
    expect(expected.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    const Range = 'bytes=5200000-10600000';
    const part = await client.send(new GetObjectCommand({ Bucket, Key: 'unknown-length', Range }));
    expect(
      expected.subarray(5_200_000, 10_600_001).equals((await part.Body?.transformToByteArray()) ?? Buffer.alloc(0)),
    ).toBe(true);
  });

  it('CompleteMultipartUpload answers md5(md5s)-N and takes the parts listed, not those replaced or left out', async () => {
    const target = await begin('etag');
    await upload(target, 1, 'replaced');
    const first = await upload(target, 1, bytes('a'));
    await upload(target, 2, bytes('b'));
    const third = await upload(target, 7, 'tail');
    const { ETag } = await complete(target, [first, third]);
    const expected = createHash('md5').update(Buffer.concat([md5(bytes('a')), md5(Buffer.from('tail'))]));
    expect(ETag).toBe(`"${expected.digest('hex')}-2"`);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'etag' }));
    expect(head.ContentLength).toBe(PART_BYTES + 4);
    await expect(complete(target, [first, third])).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('CompleteMultipartUpload makes composite and full-object checksums', async () => {
    const composite = await begin('composite', { ChecksumAlgorithm: 'SHA256' });
    const send = async (PartNumber: number, Body: Buffer): Promise<CompletedPart> => {
      const command = new UploadPartCommand({ ...composite, PartNumber, Body, ChecksumAlgorithm: 'SHA256' });
      const { ETag, ChecksumSHA256 } = await client.send(command);
      return { PartNumber, ETag, ChecksumSHA256 };
    };
    const parts = [await send(1, bytes('a')), await send(2, Buffer.from('b'))];
    const sha = (data: Buffer): Buffer => createHash('sha256').update(data).digest();
    const expected = sha(Buffer.concat([sha(bytes('a')), sha(Buffer.from('b'))])).toString('base64');
    const withoutSums = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(complete(composite, withoutSums)).rejects.toMatchObject({ name: 'InvalidRequest' });
    expect(await complete(composite, parts)).toMatchObject({
      ChecksumSHA256: `${expected}-2`,
      ChecksumType: 'COMPOSITE',
    });

    const full = await begin('full', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const listed = [await upload(full, 1, bytes('a')), await upload(full, 2, 'b')];
    const Body = Buffer.concat([bytes('a'), Buffer.from('b')]);
    const { ChecksumCRC32 } = await client.send(new PutObjectCommand({ Bucket, Key: 'same', Body }));
    await expect(complete(full, listed, { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({ name: 'BadDigest' });
    expect(await complete(full, listed, { ChecksumCRC32 })).toMatchObject({
      ChecksumCRC32,
      ChecksumType: 'FULL_OBJECT',
    });
  });

  it('CompleteMultipartUpload with If-None-Match lets one of two uploads win, and the loser can be aborted', async () => {
    const targets = [await begin('contested'), await begin('contested')];
    const calls = targets.map(async (target, index) => {
      const part = await upload(target, 1, `writer ${index}`);
      return await complete(target, [part], { IfNoneMatch: '*' });
    });
    const results = await Promise.allSettled(calls);
    const lost = results.findIndex(({ status }) => status === 'rejected');
    const loser = targets[lost];
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(results[lost]).toMatchObject({
      reason: { name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } },
    });
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'contested' }));
    expect(await got.Body?.transformToString()).toBe(`writer ${1 - lost}`);
    if (loser !== undefined) await client.send(new AbortMultipartUploadCommand(loser));
  });

  it('CompleteMultipartUpload refuses wrong lists', async () => {
    const target = await begin('wrong');
    const [one, two] = [await upload(target, 1, 'small'), await upload(target, 2, 'small')];
    await expect(complete(target, [two, one])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete(target, [one, two])).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(complete(target, [{ ...one, ETag: '"0"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete(target, [{ ...one, PartNumber: 3 }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await expect(complete(target, [])).rejects.toMatchObject({ name: 'MalformedXML' });
    await expect(upload(target, 10_001, 'x')).rejects.toMatchObject({ name: 'InvalidArgument' });
    await expect(upload({ ...target, Key: 'other' }, 1, 'x')).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'wrong' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    await client.send(new AbortMultipartUploadCommand(target));
  });

  it('GetObject delivers every part when the object is deleted during the download', async () => {
    const data = join(server.dataDir, 'buckets', Bucket, 'data');
    const filesBefore = (await readdir(data)).length;
    const target = await begin('deleted-meanwhile');
    // More than the sockets between client and server can hold, so that the later parts are opened after the delete.
    const letters = ['a', 'b', 'c', 'd'];
    const parts = [];
    for (const letter of letters) parts.push(await upload(target, parts.length + 1, bytes(letter)));
    await complete(target, parts);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: target.Key }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: target.Key }));
    const expected = Buffer.concat(letters.map((letter) => bytes(letter)));
    expect(expected.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    await expect.poll(async () => (await readdir(data)).length).toBe(filesBefore);
  });

  it('AbortMultipartUpload forgets the upload and its parts', async () => {
    const target = await begin('aborted');
    await upload(target, 1, 'x');
    await client.send(new AbortMultipartUploadCommand(target));
    await expect(client.send(new ListPartsCommand(target))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(upload(target, 1, 'x')).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await expect(client.send(new AbortMultipartUploadCommand(target))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('ListParts and ListMultipartUploads page through what is there', async () => {
    const targets = [await begin('list/b'), await begin('list/a'), await begin('list/a')];
    const [target] = targets;
    if (target === undefined) throw new Error('no upload was begun');
    for (const number of [3, 1, 2]) await upload(target, number, `part ${number}`);
    const page = await client.send(new ListPartsCommand({ ...target, MaxParts: 2 }));
    const next = await client.send(new ListPartsCommand({ ...target, PartNumberMarker: page.NextPartNumberMarker }));
    expect([page.IsTruncated, next.IsTruncated]).toEqual([true, false]);
    expect([...(page.Parts ?? []), ...(next.Parts ?? [])].map((part) => [part.PartNumber, part.Size])).toEqual([
      [1, 6],
      [2, 6],
      [3, 6],
    ]);
    const seen: (string | undefined)[] = [];
    let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
    for (let isMore = true; isMore; ) {
      const list = await client.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', MaxUploads: 1, ...marker }),
      );
      seen.push(...(list.Uploads ?? []).map(({ UploadId }) => UploadId));
      marker = { KeyMarker: list.NextKeyMarker, UploadIdMarker: list.NextUploadIdMarker };
      isMore = list.IsTruncated ?? false;
    }
    expect(seen.slice(2)).toEqual([target.UploadId]);
    expect(new Set(seen)).toEqual(new Set(targets.map(({ UploadId }) => UploadId)));
  });
});
