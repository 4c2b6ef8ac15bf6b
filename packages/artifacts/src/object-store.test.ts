import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Failure, FailureError } from '@nightshift/domain';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from '../../local/src/s3/start-temporary-s3-server.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';
import { MIN_PART_BYTES } from './object-upload.ts';

const MIB = 1024 * 1024;
const INTERNAL = { kind: 'error', status: 500, code: 'InternalError' } as const;
const mediaType = 'application/octet-stream';

let server: TemporaryS3Server;
let store: ObjectStore;

beforeAll(async () => {
  server = await startTemporaryS3Server();
  store = openStore();
});

afterEach(() => {
  server.faults.clear();
  server.operations.clear();
});

afterAll(async () => {
  store.close();
  await server.close();
});

function openStore(overrides: Partial<Parameters<typeof createObjectStore>[0]> = {}): ObjectStore {
  const { endpoint, region, credentials } = server.clientOptions;
  return createObjectStore({
    endpoint,
    region,
    credentials,
    bucket: server.bucket,
    log: createSilentLogger(),
    ...overrides,
  });
}

const newKey = () => `t/test/${randomUUID()}`;
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FailureError)) throw new Error(`no FailureError but ${String(error)}`);
  return error.failure;
}

describe('put', () => {
  it('stores a small object in one request with its sha256', async () => {
    const key = newKey();
    const stored = await store.put(key, Buffer.from('hello'), { mediaType: 'text/plain', ifAbsent: true });
    expect(stored).toMatchObject({ bytes: 5, sha256: sha256Of(Buffer.from('hello')) });
    expect(await store.head(key)).toMatchObject({ bytes: 5, mediaType: 'text/plain', sha256: stored.sha256 });
    expect(server.operations.of('CreateMultipartUpload')).toEqual([]);
  });

  it('stores an empty object', async () => {
    const key = newKey();
    expect(await store.put(key, Readable.from([]), { mediaType, ifAbsent: true })).toMatchObject({ bytes: 0 });
    expect(await store.read(key, { maxBytes: 10 })).toHaveLength(0);
  });

  it('stores a stream of unknown length in parts and gives the same bytes back', async () => {
    const key = newKey();
    const bytes = randomBytes(2 * MIN_PART_BYTES + 12_345);
    const chunks = Readable.from(slices(bytes, 100_003));
    const stored = await store.put(key, chunks, { mediaType, ifAbsent: true });
    expect(stored).toMatchObject({ bytes: bytes.length, sha256: sha256Of(bytes) });
    expect(server.operations.of('UploadPart')).toHaveLength(3);
    expect((await store.read(key, { maxBytes: 20 * MIB })).equals(bytes)).toBe(true);
  });

  it('stores a whole that ends with a part', async () => {
    const key = newKey();
    const bytes = randomBytes(MIN_PART_BYTES);
    await store.put(key, bytes, { mediaType, ifAbsent: true });
    expect(await store.head(key)).toMatchObject({ bytes: MIN_PART_BYTES });
  });

  it('never overwrites with ifAbsent, and says so without trying again', async () => {
    const key = newKey();
    await store.put(key, Buffer.from('first'), { mediaType, ifAbsent: true });
    const failure = await failureOf(store.put(key, Buffer.from('other'), { mediaType, ifAbsent: true }));
    expect(failure).toMatchObject({ code: 'artifact_upload_failed', retryable: false });
    expect((await store.read(key, { maxBytes: 10 })).toString()).toBe('first');
    expect(server.operations.of('PutObject')).toHaveLength(2);
  });

  it('adopts its own object when the reply was lost and the next try meets a 412', async () => {
    const key = newKey();
    server.faults.add({ match: { operation: 'PutObject' }, action: { kind: 'drop_reply' } });
    const stored = await store.put(key, Buffer.from('once'), { mediaType, ifAbsent: true });
    expect(stored.bytes).toBe(4);
    expect(server.operations.of('PutObject').map((entry) => entry.status)).toEqual([null, 412]);
  });

  it('tries again after a 500, a cut request and SlowDown', async () => {
    const key = newKey();
    const match = { operation: 'PutObject' } as const;
    server.faults.add({ match, action: INTERNAL });
    server.faults.add({ match, action: { kind: 'cut_request', afterBytes: 10 } });
    server.faults.add({ match, action: { kind: 'error', status: 503, code: 'SlowDown' } });
    await store.put(key, randomBytes(200_000), { mediaType, ifAbsent: true });
    expect(server.operations.of('PutObject')).toHaveLength(4);
  });

  it('fails as storage_unavailable when S3 keeps failing, without naming the endpoint', async () => {
    server.faults.add({ match: { operation: 'PutObject' }, times: Number.POSITIVE_INFINITY, action: INTERNAL });
    const failure = await failureOf(store.put(newKey(), Buffer.from('x'), { mediaType, ifAbsent: true }));
    expect(failure).toMatchObject({ code: 'storage_unavailable', retryable: true, detail: { http_status: 500 } });
    expect(JSON.stringify(failure)).not.toContain('127.0.0.1');
    expect(server.operations.of('PutObject')).toHaveLength(4);
  });

  it('fails without trying again when the credentials are wrong', async () => {
    const stranger = openStore({ credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' } });
    const failure = await failureOf(stranger.put(newKey(), Buffer.from('x'), { mediaType, ifAbsent: true }));
    expect(failure).toMatchObject({ code: 'storage_unavailable', retryable: false });
    expect(server.operations.entries).toHaveLength(1);
    stranger.close();
  });

  it('gives up on a request that hangs and tries again', async () => {
    const hasty = openStore({ timeouts: { replyMs: 300 } });
    server.faults.add({ match: { operation: 'PutObject' }, action: { kind: 'hang' } });
    await hasty.put(newKey(), Buffer.from('x'), { mediaType, ifAbsent: true });
    expect(server.operations.of('PutObject')).toHaveLength(2);
    hasty.close();
  });
});

describe('get and read', () => {
  it('get sends a range', async () => {
    const key = newKey();
    await store.put(key, Buffer.from('0123456789'), { mediaType, ifAbsent: true });
    const content = await store.get(key, { range: 'bytes=2-4' });
    expect(content).toMatchObject({ bytes: 3, contentRange: 'bytes 2-4/10' });
    expect(Buffer.concat(await content.stream.toArray()).toString()).toBe('234');
    expect((await failureOf(store.get(key, { range: 'bytes=50-' }))).code).toBe('range_not_satisfiable');
  });

  it('get fails as not_found when there is no such object', async () => {
    expect(await failureOf(store.get(newKey()))).toMatchObject({ code: 'not_found', retryable: false });
    expect(server.operations.of('GetObject')).toHaveLength(1);
  });

  it('get ends with an error when the transfer is cut', async () => {
    const key = newKey();
    await store.put(key, randomBytes(300_000), { mediaType, ifAbsent: true });
    server.faults.add({ match: { operation: 'GetObject' }, action: { kind: 'cut_response', afterBytes: 1_000 } });
    const content = await store.get(key);
    await expect(content.stream.toArray()).rejects.toThrow();
  });

  it('read starts again when the transfer is cut', async () => {
    const key = newKey();
    const bytes = randomBytes(300_000);
    await store.put(key, bytes, { mediaType, ifAbsent: true });
    server.faults.add({ match: { operation: 'GetObject' }, action: { kind: 'cut_response', afterBytes: 1_000 } });
    expect((await store.read(key, { maxBytes: MIB })).equals(bytes)).toBe(true);
    expect(server.operations.of('GetObject')).toHaveLength(2);
  });

  it('read refuses more than maxBytes', async () => {
    const key = newKey();
    await store.put(key, randomBytes(1_000), { mediaType, ifAbsent: true });
    expect((await failureOf(store.read(key, { maxBytes: 999 }))).code).toBe('payload_too_large');
  });

  it('get ends when the signal aborts in the middle', async () => {
    const key = newKey();
    await store.put(key, randomBytes(MIB), { mediaType, ifAbsent: true });
    const stop = new AbortController();
    const content = await store.get(key, { signal: stop.signal });
    stop.abort();
    await expect(content.stream.toArray()).rejects.toThrow();
  });
});

describe('presignGet', () => {
  it('gives a URL that downloads under the name with a type that runs nothing', async () => {
    const key = newKey();
    await store.put(key, Buffer.from('<script>'), { mediaType: 'text/html', ifAbsent: true });
    const url = await store.presignGet(key, {
      expiresSeconds: 9_999,
      fileName: 'Bericht "ü".html',
      mediaType: 'text/html',
    });
    expect(new URL(url).searchParams.has('x-amz-checksum-crc32')).toBe(false);
    expect(new URL(url).searchParams.get('X-Amz-Expires')).toBe('300');
    const reply = await fetch(url);
    expect(await reply.text()).toBe('<script>');
    expect(reply.headers.get('content-type')).toBe('application/octet-stream');
    expect(reply.headers.get('content-disposition')).toBe(
      `attachment; filename="Bericht ___.html"; filename*=UTF-8''Bericht%20%22%C3%BC%22.html`,
    );
  });
});

describe('ensureBucket', () => {
  it('creates the bucket once and leaves it alone afterwards', async () => {
    const other = openStore({ bucket: 'made-by-test' });
    await Promise.all([other.ensureBucket(), other.ensureBucket()]);
    await other.ensureBucket();
    await other.put('k', Buffer.from('x'), { mediaType, ifAbsent: true });
    await other.delete('k');
    await other.delete('k');
    expect(await other.head('k')).toBeUndefined();
    other.close();
  });
});

function* slices(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
