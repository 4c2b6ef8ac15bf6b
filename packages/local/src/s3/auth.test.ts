import {
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from './start-temporary-s3-server.ts';

let server: TemporaryS3Server;
let client: S3Client;
let Bucket: string;
let offsetMs = 0;
const clients: S3Client[] = [];

function connect(options: ConstructorParameters<typeof S3Client>[0]): S3Client {
  const made = new S3Client({ ...server.clientOptions, maxAttempts: 1, ...options });
  clients.push(made);
  return made;
}

beforeAll(async () => {
  server = await startTemporaryS3Server({ nowMs: () => Date.now() + offsetMs });
  client = connect({});
  Bucket = server.bucket;
  await client.send(new PutObjectCommand({ Bucket, Key: 'a b/ü+&.txt', Body: '0123456789' }));
});

afterEach(() => {
  offsetMs = 0;
});

afterAll(async () => {
  for (const made of clients) made.destroy();
  await server.close();
});

const presign = async (expiresIn = 60, overrides: object = {}): Promise<string> =>
  await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'a b/ü+&.txt', ...overrides }), { expiresIn });

const codeOf = async (response: Response): Promise<string> =>
  `${response.status} ${/<Code>(\w+)<\/Code>/.exec(await response.text())?.[1]}`;

describe('signed requests', () => {
  it('startS3Server refuses an unknown access key and a wrong secret', async () => {
    const { accessKeyId, secretAccessKey } = server.clientOptions.credentials;
    const stranger = connect({ credentials: { accessKeyId: 'AKIASTRANGER', secretAccessKey } });
    const liar = connect({ credentials: { accessKeyId, secretAccessKey: 'guess' } });
    await expect(stranger.send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'InvalidAccessKeyId',
      $metadata: { httpStatusCode: 403 },
    });
    await expect(liar.send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      $metadata: { httpStatusCode: 403 },
    });
    await expect(liar.send(new PutObjectCommand({ Bucket, Key: 'never', Body: 'x' }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'never' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  it('startS3Server refuses another region, an anonymous request and a header added on the way', async () => {
    const elsewhere = connect({ region: 'us-west-2' });
    await expect(elsewhere.send(new ListBucketsCommand({}))).rejects.toMatchObject({
      name: 'AuthorizationHeaderMalformed',
    });
    expect(await codeOf(await fetch(`${server.url}/${Bucket}/x`))).toBe('403 AccessDenied');
    const added = await fetch(await presign(), { headers: { 'x-amz-meta-added': '1' } });
    expect(await codeOf(added)).toBe('403 AccessDenied');
  });

  it('startS3Server refuses a clock that is off by more than 15 minutes, unless the client corrects it', async () => {
    offsetMs = 16 * 60_000;
    const stubborn = connect({});
    await expect(stubborn.send(new ListBucketsCommand({}))).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
    const correcting = connect({ maxAttempts: 2 });
    expect((await correcting.send(new ListBucketsCommand({}))).Buckets?.[0]?.Name).toBe(Bucket);
    offsetMs = -14 * 60_000;
    await connect({}).send(new ListBucketsCommand({}));
  });

  it('startS3Server verifies the SHA-256 of a signed body', async () => {
    const tamperer = connect({});
    tamperer.middlewareStack.add(
      (next) => async (args) => {
        if (typeof args.request === 'object' && args.request !== null) Object.assign(args.request, { body: 'evil' });
        return await next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'tamper' },
    );
    const put = tamperer.send(new PutObjectCommand({ Bucket, Key: 'tampered', Body: 'good' }));
    await expect(put).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'tampered' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });
});

describe('presigned URLs', () => {
  it('a presigned GET serves the object, ranges of it and the response headers it names', async () => {
    const overrides = { ResponseContentType: 'text/x-y', ResponseContentDisposition: 'attachment; filename="a b.txt"' };
    const response = await fetch(await presign(60, overrides));
    expect(await response.text()).toBe('0123456789');
    expect(response.headers.get('content-type')).toBe('text/x-y');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="a b.txt"');
    const part = await fetch(await presign(), { headers: { range: 'bytes=-2' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 8-9/10', '89']);
  });

  it('a presigned GET is refused after it expired, and before its time', async () => {
    const url = await presign(60);
    offsetMs = 59_000;
    expect((await fetch(url)).status).toBe(200);
    offsetMs = 62_000;
    const late = await fetch(url);
    const text = await late.text();
    expect(text).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message>');
    offsetMs = -16 * 60_000;
    expect(await codeOf(await fetch(url))).toBe('403 AccessDenied');
  });

  it('a presigned GET is refused for another key, another method, a changed override or a broken query', async () => {
    const url = await presign(60, { ResponseContentType: 'text/plain' });
    expect(await codeOf(await fetch(url.replace('.txt?', '.txt2?')))).toBe('403 SignatureDoesNotMatch');
    expect(await codeOf(await fetch(url, { method: 'DELETE' }))).toBe('403 SignatureDoesNotMatch');
    expect(await codeOf(await fetch(url.replace('text%2Fplain', 'text%2Fhtml')))).toBe('403 SignatureDoesNotMatch');
    expect(await codeOf(await fetch(url.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=604801')))).toBe(
      '400 AuthorizationQueryParametersError',
    );
    expect(await codeOf(await fetch(url.replace(/&X-Amz-Date=\w+/, '')))).toBe('400 AuthorizationQueryParametersError');
  });

  it('a presigned PUT takes the body, and holds it against the empty checksum the SDK signs by default', async () => {
    const put = (Key: string) => new PutObjectCommand({ Bucket, Key });
    const plain = connect({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const body = { method: 'PUT', body: 'uploaded' };
    expect((await fetch(await getSignedUrl(plain, put('up')), body)).status).toBe(200);
    expect(await codeOf(await fetch(await getSignedUrl(client, put('up2')), body))).toBe('400 BadDigest');
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'up' }));
    expect(await got.Body?.transformToString()).toBe('uploaded');
  });
});
