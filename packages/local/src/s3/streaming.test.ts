import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from './start-temporary-s3-server.ts';

const SLICE_BYTES = 64 * 1024;
const SLICES = 3200;
const OBJECT_BYTES = SLICE_BYTES * SLICES;
/** Client and server run in this process; holding the object once would already take twice as much. */
const MAX_GROWTH_BYTES = 100 * 1024 * 1024;

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

/** Sends raw text to the server and returns what comes back until the server closes. */
async function sendRaw(text: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      answer += data;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

describe('streaming', () => {
  it('PutObject and GetObject of 200 MB keep memory flat', async () => {
    const slice = randomBytes(SLICE_BYTES);
    const startBytes = process.memoryUsage().rss;
    let peakBytes = 0;
    const watch = (): void => {
      peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
    };
    async function* make(): AsyncGenerator<Buffer> {
      for (let index = 0; index < SLICES; index++) {
        watch();
        yield slice;
      }
    }
    const Body = Readable.from(make(), { objectMode: false });
    const put = await client.send(new PutObjectCommand({ Bucket, Key: 'big', Body, ContentLength: OBJECT_BYTES }));
    const got = await client.send(new GetObjectCommand({ Bucket, Key: 'big' }));
    if (!(got.Body instanceof Readable)) throw new Error('the body is no stream');
    const hash = createHash('md5');
    for await (const chunk of got.Body) {
      watch();
      hash.update(chunk);
    }
    expect(put.ETag).toBe(`"${hash.digest('hex')}"`);
    expect(peakBytes - startBytes).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it('an upload whose client dies leaves neither an object nor bytes', async () => {
    const url = new URL(await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'died' })));
    const temporary = join(server.dataDir, 'buckets', Bucket, 'tmp');
    const head = `PUT ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-length: 1000\r\n\r\n`;
    const socket = connect(server.port, '127.0.0.1', () => socket.write(`${head}half`));
    await vi.waitFor(async () => expect(await readdir(temporary)).toHaveLength(1), { timeout: 5000 });
    socket.destroy();
    await vi.waitFor(async () => expect(await readdir(temporary)).toEqual([]), { timeout: 5000 });
    const found = client.send(new HeadObjectCommand({ Bucket, Key: 'died' }));
    await expect(found).rejects.toMatchObject({ name: 'NotFound' });
    expect(server.operations.of('PutObject').at(-1)).toMatchObject({ key: 'died', status: null });
  });

  it('a refused upload is answered before its body was sent, and the connection closes', async () => {
    const answer = await sendRaw(`PUT /${Bucket}/x HTTP/1.1\r\nhost: h\r\ncontent-length: 100000000\r\n\r\npart of it`);
    expect(answer).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(answer).toContain('<Code>AccessDenied</Code>');
  });

  it('an upload refused in the middle of its body is answered, and not only cut', async () => {
    const Body = Readable.from(Array.from({ length: 2000 }, () => Buffer.alloc(1000, 'x')));
    const put = client.send(new PutObjectCommand({ Bucket, Key: 'small-chunks', Body, ContentLength: 2_000_000 }));
    await expect(put).rejects.toMatchObject({ name: 'InvalidChunkSizeError', $metadata: { httpStatusCode: 403 } });
  });

  it('a document above its limit is refused with an answer', async () => {
    const Objects = Array.from({ length: 12_000 }, (_, index) => ({ Key: `${index}`.padStart(900, 'k') }));
    const remove = client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    await expect(remove).rejects.toMatchObject({ name: 'MalformedXML', $metadata: { httpStatusCode: 400 } });
  });

  it('a client that asks before it sends is told to go on only when it may', async () => {
    const start = `PUT /${Bucket}/x HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n`;
    expect(await sendRaw(start)).toMatch(/^HTTP\/1.1 403 /);
    const Body = Buffer.alloc(3_000_000, 'x');
    await client.send(new PutObjectCommand({ Bucket, Key: 'asked', Body }));
    const large = client.send(new PutObjectCommand({ Bucket: 'no-such-bucket', Key: 'x', Body }));
    await expect(large).rejects.toMatchObject({ name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } });
  });

  it.each([
    ['GET', '/%zz', '400', 'InvalidURI'],
    ['GET', '/test-bucket/%ff', '400', 'InvalidURI'],
    ['PATCH', '/test-bucket/x', '405', 'MethodNotAllowed'],
    ['DELETE', '/', '405', 'MethodNotAllowed'],
  ])('startS3Server answers %s %s with %s %s', async (method, path, status, code) => {
    const answer = await sendRaw(`${method} ${path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(`<Code>${code}</Code>`);
  });
});
