import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from './start-temporary-s3-server.ts';

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

const md5 = (text: string): string => `"${createHash('md5').update(text).digest('hex')}"`;

async function put(Key: string, Body = 'hello'): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function getText(Key: string, Range?: string): Promise<string | undefined> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key, ...(Range && { Range }) }));
  return await got.Body?.transformToString();
}

/** The error's name and status, of a call that must fail. */
async function failureOf(call: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = '$metadata' in error ? error.$metadata : undefined;
    const status =
      metadata && typeof metadata === 'object' && 'httpStatusCode' in metadata ? metadata.httpStatusCode : 0;
    return { name: error.name, status: Number(status) };
  }
  throw new Error('the call succeeded');
}

describe('PutObject and GetObject', () => {
  it('PutObject keeps bytes, headers and metadata', async () => {
    const sent = {
      ContentType: 'text/plain; charset=utf-8',
      ContentDisposition: "attachment; filename*=UTF-8''%C3%A9.txt",
      ContentEncoding: 'identity',
      CacheControl: 'no-store',
      ContentLanguage: 'de',
      Metadata: { title: 'a; b=c', 'two-words': 'a  b' },
    };
    const answer = await client.send(new PutObjectCommand({ Bucket, Key: 'meta', Body: 'grüße', ...sent }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'meta' }));
    expect(answer.ETag).toBe(md5('grüße'));
    expect(got).toMatchObject({ ...sent, ETag: md5('grüße'), ContentLength: 7 });
    expect(await got.Body?.transformToString()).toBe('grüße');
    expect(Math.abs((got.LastModified?.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
  });

  it('PutObject takes metadata that is not ASCII and HeadObject returns it as an encoded word, as S3 does', async () => {
    for (const Body of ['text', Buffer.from('bytes')]) {
      await client.send(new PutObjectCommand({ Bucket, Key: 'word', Body, Metadata: { title: 'caf\u00e9' } }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'word' }));
      expect(head.Metadata).toEqual({ title: '=?UTF-8?B?Y2Fmw6k=?=' });
    }
  });

  it('PutObject stores a stream without its aws-chunked framing', async () => {
    const parts = ['a', 'b', 'c'].map((letter) => Buffer.from(letter.repeat(20_000)));
    const Body = Readable.from(parts);
    await client.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 60_000 }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'stream' }));
    expect(got.ContentEncoding).toBeUndefined();
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(Buffer.concat(parts))).toBe(true);
  });

  it('PutObject refuses a stream of chunks below 8 KiB as S3 does', async () => {
    const Body = Readable.from(['tiny', 'chunks'].map((text) => Buffer.from(text)));
    const put = client.send(new PutObjectCommand({ Bucket, Key: 'tiny', Body, ContentLength: 10 }));
    expect(await failureOf(put)).toEqual({ name: 'InvalidChunkSizeError', status: 403 });
    expect(await failureOf(getText('tiny'))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('PutObject keeps an empty object', async () => {
    await put('empty', '');
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'empty' }));
    expect(got.ContentLength).toBe(0);
    expect(got.ETag).toBe(md5(''));
  });

  it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
    'PutObject verifies %s and GetObject returns it when asked',
    async (ChecksumAlgorithm) => {
      const field = `Checksum${ChecksumAlgorithm}` as const;
      const Key = `sum-${ChecksumAlgorithm}`;
      const sent = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'checked', ChecksumAlgorithm }));
      const asked = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      const part = await client.send(
        new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED', Range: 'bytes=0-2' }),
      );
      expect(sent[field]).toBeTruthy();
      expect([asked[field], head[field], part[field]]).toEqual([sent[field], sent[field], undefined]);
      expect(await asked.Body?.transformToString()).toBe('checked');
      const bad = { Bucket, Key: 'bad-sum', Body: 'other', [field]: sent[field] };
      expect(await failureOf(client.send(new PutObjectCommand(bad)))).toEqual({ name: 'BadDigest', status: 400 });
      expect(await failureOf(getText('bad-sum'))).toMatchObject({ name: 'NoSuchKey' });
    },
  );

  it('PutObject refuses a wrong Content-MD5', async () => {
    const ContentMD5 = createHash('md5').update('x').digest('base64');
    const call = client.send(new PutObjectCommand({ Bucket, Key: 'md5', Body: 'y', ContentMD5 }));
    expect(await failureOf(call)).toEqual({ name: 'BadDigest', status: 400 });
  });

  it('GetObject answers ranges: closed, open, suffix, beyond the end', async () => {
    await put('range', '0123456789');
    expect(await getText('range', 'bytes=2-4')).toBe('234');
    expect(await getText('range', 'bytes=7-')).toBe('789');
    expect(await getText('range', 'bytes=-3')).toBe('789');
    expect(await getText('range', 'bytes=-99')).toBe('0123456789');
    expect(await getText('range', 'bytes=8-99')).toBe('89');
    expect(await getText('range', 'bytes=4-2')).toBe('0123456789');
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'range', Range: 'bytes=2-4' }));
    expect(got).toMatchObject({ ContentRange: 'bytes 2-4/10', ContentLength: 3, $metadata: { httpStatusCode: 206 } });
    got.Body?.transformToString();
    expect(await failureOf(getText('range', 'bytes=10-'))).toEqual({ name: 'InvalidRange', status: 416 });
    expect(await failureOf(getText('range', 'bytes=-0'))).toEqual({ name: 'InvalidRange', status: 416 });
  });

  it('GetObject and HeadObject fail with NoSuchKey, NotFound and NoSuchBucket', async () => {
    const gone = new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' });
    expect(await failureOf(getText('none'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await failureOf(client.send(gone))).toEqual({ name: 'NoSuchBucket', status: 404 });
    expect(await failureOf(client.send(new HeadObjectCommand({ Bucket, Key: 'none' })))).toEqual({
      name: 'NotFound',
      status: 404,
    });
  });

  it('GetObject honours If-Match, If-None-Match and If-Modified-Since', async () => {
    await put('cond');
    const read = (conditions: object) => client.send(new GetObjectCommand({ Bucket, Key: 'cond', ...conditions }));
    const hour = 3_600_000;
    expect((await read({ IfMatch: md5('hello') })).$metadata.httpStatusCode).toBe(200);
    expect((await read({ IfNoneMatch: md5('x') })).$metadata.httpStatusCode).toBe(200);
    expect((await read({ IfModifiedSince: new Date(Date.now() - hour) })).$metadata.httpStatusCode).toBe(200);
    expect(await failureOf(read({ IfMatch: md5('x') }))).toEqual({ name: 'PreconditionFailed', status: 412 });
    expect(await failureOf(read({ IfNoneMatch: md5('hello') }))).toMatchObject({ status: 304 });
    expect(await failureOf(read({ IfModifiedSince: new Date() }))).toMatchObject({ status: 304 });
    expect(await failureOf(read({ IfUnmodifiedSince: new Date(Date.now() - hour) }))).toMatchObject({ status: 412 });
  });

  it('GetObject delivers the old bytes whole when the object is replaced and deleted during the download', async () => {
    const old = 'o'.repeat(8_000_000);
    await put('swapped', old);
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'swapped' }));
    await put('swapped', 'new');
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'swapped' }));
    expect((await got.Body?.transformToString()) === old).toBe(true);
  });
});

describe('conditional writes', () => {
  it('PutObject with If-None-Match lets exactly one of many writers win', async () => {
    const writers = Array.from({ length: 12 }, (_, index) =>
      client.send(new PutObjectCommand({ Bucket, Key: 'race', Body: `writer ${index}`, IfNoneMatch: '*' })),
    );
    const results = await Promise.allSettled(writers);
    const winners = results.flatMap((result, index) => (result.status === 'fulfilled' ? [index] : []));
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.name] : []));
    expect(winners).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['PreconditionFailed']));
    expect(await getText('race')).toBe(`writer ${winners[0]}`);
  });

  it('PutObject with If-Match replaces only the version it names', async () => {
    await put('cas', 'one');
    const swap = (Body: string, IfMatch: string, Key = 'cas') =>
      client.send(new PutObjectCommand({ Bucket, Key, Body, IfMatch }));
    await swap('two', md5('one'));
    expect(await failureOf(swap('three', md5('one')))).toEqual({ name: 'PreconditionFailed', status: 412 });
    expect(await failureOf(swap('three', md5('one'), 'absent'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await getText('cas')).toBe('two');
  });
});

describe('keys', () => {
  const names = [
    '../x',
    '../../etc/passwd',
    'a//b',
    '/abs',
    'a/../b',
    'nul\u0000name',
    'ünï/日本/😀',
    '?#+% &<>"\'=;',
    '.',
    '..',
    ' lead',
    'tab\tnl\ncr\r',
    'k',
    'k/',
    'k/sub',
    '__proto__',
    'x'.repeat(1000),
    'é'.repeat(512),
  ];

  it('PutObject and GetObject keep every name apart, and the list returns it as it was', async () => {
    for (const [index, Key] of names.entries()) await put(Key, `${index}`);
    const listed = await client.send(new ListObjectsV2Command({ Bucket }));
    const keys = new Set(listed.Contents?.map(({ Key }) => Key));
    for (const [index, Key] of names.entries()) {
      expect(await getText(Key)).toBe(`${index}`);
      expect(keys).toContain(Key);
    }
    expect(await failureOf(getText('x'))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('PutObject refuses a key above 1,024 bytes', async () => {
    expect(await failureOf(put('é'.repeat(513)))).toEqual({ name: 'KeyTooLongError', status: 400 });
  });
});

describe('DeleteObject, DeleteObjects and CopyObject', () => {
  it('DeleteObject removes an object and is silent about one that is not there', async () => {
    await put('gone');
    const remove = new DeleteObjectCommand({ Bucket, Key: 'gone' });
    expect((await client.send(remove)).$metadata.httpStatusCode).toBe(204);
    expect((await client.send(remove)).$metadata.httpStatusCode).toBe(204);
    expect(await failureOf(getText('gone'))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('DeleteObjects removes odd names and reports them', async () => {
    const keys = ['d/1', 'd/<&>"\'', 'd/cr\r', 'd/ ', 'd/absent'];
    for (const key of keys.slice(0, 4)) await put(key);
    const Delete = { Objects: keys.map((Key) => ({ Key })) };
    const answer = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(answer.Deleted?.map(({ Key }) => Key)).toEqual(keys);
    expect((await client.send(new ListObjectsV2Command({ Bucket, Prefix: 'd/' }))).KeyCount).toBe(0);
  });

  it('CopyObject copies bytes and metadata, replaces metadata when told, and checks the source', async () => {
    const Key = 'copy/ä +source';
    await client.send(new PutObjectCommand({ Bucket, Key, Body: 'copied', Metadata: { a: '1' }, ContentType: 'x/y' }));
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
    const copy = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy/kept', CopySource }));
    const replaced = { MetadataDirective: 'REPLACE', Metadata: { b: '2' }, ContentType: 'z/z' } as const;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy/new', CopySource, ...replaced }));
    const kept = await client.send(new HeadObjectCommand({ Bucket, Key: 'copy/kept' }));
    const fresh = await client.send(new HeadObjectCommand({ Bucket, Key: 'copy/new' }));
    expect(copy.CopyObjectResult?.ETag).toBe(md5('copied'));
    expect(kept).toMatchObject({ ContentType: 'x/y', Metadata: { a: '1' }, ContentLength: 6 });
    expect(fresh).toMatchObject({ ContentType: 'z/z', Metadata: { b: '2' } });
    expect(await getText('copy/kept')).toBe('copied');
    const copyIf = { Bucket, Key: 'copy/never', CopySource, CopySourceIfMatch: md5('x') };
    expect(await failureOf(client.send(new CopyObjectCommand(copyIf)))).toMatchObject({ name: 'PreconditionFailed' });
    const lost = { Bucket, Key: 'copy/never', CopySource: `${Bucket}/none` };
    expect(await failureOf(client.send(new CopyObjectCommand(lost)))).toMatchObject({ name: 'NoSuchKey' });
  });
});
