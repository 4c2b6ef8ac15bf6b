import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { type Failure, FailureError } from '@nightshift/domain';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
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

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FailureError)) throw new Error(`no FailureError but ${String(error)}`);
  return error.failure;
}

describe('ObjectUpload', () => {
  it('sends a part again that failed', async () => {
    const key = newKey();
    server.faults.add({ match: { operation: 'UploadPart' }, skip: 1, times: 2, action: INTERNAL });
    const bytes = randomBytes(2 * MIN_PART_BYTES + 1);
    await store.put(key, bytes, { mediaType, ifAbsent: true });
    expect((await store.read(key, { maxBytes: 20 * MIB })).equals(bytes)).toBe(true);
  });

  it('takes a lost reply of Complete for success after a HEAD', async () => {
    const key = newKey();
    server.faults.add({ match: { operation: 'CompleteMultipartUpload' }, action: { kind: 'drop_reply' } });
    const stored = await store.put(key, randomBytes(MIN_PART_BYTES + 7), { mediaType, ifAbsent: true });
    expect(stored.bytes).toBe(MIN_PART_BYTES + 7);
    expect(server.operations.of('CompleteMultipartUpload')).toHaveLength(1);
    expect(server.operations.of('HeadObject')).toHaveLength(1);
  });

  it('completes again when S3 did not do it', async () => {
    const key = newKey();
    const action = { kind: 'error', status: 200, code: 'InternalError' } as const;
    server.faults.add({ match: { operation: 'CompleteMultipartUpload' }, action });
    await store.put(key, randomBytes(MIN_PART_BYTES + 7), { mediaType, ifAbsent: true });
    expect(await store.head(key)).toMatchObject({ bytes: MIN_PART_BYTES + 7 });
  });

  it('does not adopt an object that another upload made, and leaves no parts', async () => {
    const key = newKey();
    await store.put(key, randomBytes(MIN_PART_BYTES + 7), { mediaType, ifAbsent: true });
    const failure = await failureOf(store.put(key, randomBytes(MIN_PART_BYTES + 7), { mediaType, ifAbsent: true }));
    expect(failure).toMatchObject({ code: 'artifact_upload_failed', retryable: false });
    expect(await store.abortUploads(key)).toBe(0);
  });

  it('aborts the upload when a part cannot be sent, before it says so', async () => {
    const key = newKey();
    server.faults.add({ match: { operation: 'UploadPart' }, times: Number.POSITIVE_INFINITY, action: INTERNAL });
    const failure = await failureOf(store.put(key, randomBytes(3 * MIN_PART_BYTES), { mediaType, ifAbsent: true }));
    expect(failure.code).toBe('storage_unavailable');
    expect(server.operations.of('AbortMultipartUpload')).toMatchObject([{ status: 204 }]);
    expect(await store.abortUploads(key)).toBe(0);
  });

  it('aborts the upload when the source dies', async () => {
    const key = newKey();
    async function* dying() {
      yield randomBytes(MIN_PART_BYTES);
      yield randomBytes(1_000);
      throw new Error('the source died');
    }
    await expect(store.put(key, Readable.from(dying()), { mediaType, ifAbsent: true })).rejects.toThrow('source died');
    expect(await store.abortUploads(key)).toBe(0);
    expect(await store.head(key)).toBeUndefined();
  });

  it('drops everything by itself when the signal aborts', async () => {
    const key = newKey();
    const stop = new AbortController();
    const upload = store.startUpload({ key, mediaType, ifAbsent: true, signal: stop.signal });
    await upload.write(randomBytes(MIN_PART_BYTES + 1));
    await eventually('a part is sent', () => server.operations.of('UploadPart').length === 1);
    stop.abort(new Error('lease lost'));
    await eventually('the upload is dropped', () =>
      server.operations.of('AbortMultipartUpload').some((entry) => entry.status === 204),
    );
    await expect(upload.write(Buffer.from('more'))).rejects.toThrow('lease lost');
    await expect(upload.finish()).rejects.toThrow('lease lost');
    expect(await store.abortUploads(key)).toBe(0);
    expect(await store.head(key)).toBeUndefined();
  });

  it('holds the writer back while one part fills and one is sent', async () => {
    const key = newKey();
    server.faults.add({ match: { operation: 'UploadPart' }, action: { kind: 'hang' } });
    const upload = store.startUpload({ key, mediaType, ifAbsent: true });
    await upload.write(randomBytes(MIN_PART_BYTES));
    await upload.write(randomBytes(MIN_PART_BYTES - 1));
    let isTaken = false;
    const third = upload.write(randomBytes(2)).then(
      () => {
        isTaken = true;
      },
      () => undefined,
    );
    await eventually('a part is sent', () => server.operations.of('UploadPart').length === 1);
    expect(isTaken).toBe(false);
    await upload.abort();
    await third;
    expect(isTaken).toBe(false);
    expect(await store.abortUploads(key)).toBe(0);
  });

  it('refuses what exceeds maxBytes', async () => {
    const key = newKey();
    const failure = await failureOf(
      store.put(key, Readable.from(slices(randomBytes(1_000), 100)), { mediaType, ifAbsent: true, maxBytes: 999 }),
    );
    expect(failure.code).toBe('payload_too_large');
    expect(await store.head(key)).toBeUndefined();
  });

  it('abortUploads drops what a killed process left behind', async () => {
    const key = newKey();
    const upload = store.startUpload({ key, mediaType, ifAbsent: true });
    await upload.write(randomBytes(MIN_PART_BYTES));
    await eventually('the part is stored', () =>
      server.operations.of('UploadPart').some((entry) => entry.status === 200),
    );
    expect(await store.abortUploads(key)).toBe(1);
    expect((await failureOf(upload.finish())).retryable).toBe(true);
  });
});

function* slices(bytes: Buffer, length: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
