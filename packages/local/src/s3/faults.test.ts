import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FaultScript } from './fault-script.ts';
import { startTemporaryS3Server, type TemporaryS3Server } from './start-temporary-s3-server.ts';

let server: TemporaryS3Server;
let once: S3Client;
let retrying: S3Client;
let Bucket: string;

beforeAll(async () => {
  server = await startTemporaryS3Server();
  once = new S3Client({ ...server.clientOptions, maxAttempts: 1 });
  retrying = new S3Client({ ...server.clientOptions, maxAttempts: 3 });
  Bucket = server.bucket;
});

afterEach(() => {
  server.faults.clear();
  server.operations.clear();
});

afterAll(async () => {
  once.destroy();
  retrying.destroy();
  await server.close();
});

const put = (Key: string, client = once) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'hello' }));
const exists = async (Key: string): Promise<boolean> =>
  await once.send(new HeadObjectCommand({ Bucket, Key })).then(
    () => true,
    () => false,
  );

describe('faults', () => {
  it('an error fault hits as often as asked and the SDK retries through it', async () => {
    const action = { kind: 'error', status: 503, code: 'SlowDown' } as const;
    server.faults.add({ match: { operation: 'PutObject' }, times: 2, action });
    expect((await put('retried', retrying)).$metadata.attempts).toBe(3);
    expect(server.operations.of('PutObject')).toMatchObject([
      { bucket: Bucket, key: 'retried', status: 503, code: 'SlowDown', faults: ['error'] },
      { status: 503 },
      { status: 200, code: null, faults: [] },
    ]);
    expect(server.faults.pendingCount).toBe(0);
  });

  it('a fault hits only what it matches, after what it skips', async () => {
    const action = { kind: 'error', status: 500, code: 'InternalError' } as const;
    server.faults.add({ match: { method: 'PUT', key: /^hit\//g }, skip: 1, action });
    await put('miss/1');
    await put('hit/1');
    await expect(put('hit/2')).rejects.toMatchObject({ name: 'InternalError', $metadata: { httpStatusCode: 500 } });
    await put('hit/3');
    expect(await exists('hit/2')).toBe(false);
  });

  it('drop_reply executes and answers nothing', async () => {
    server.faults.add({ match: { operation: 'PutObject' }, action: { kind: 'drop_reply' } });
    await expect(put('dropped')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await exists('dropped')).toBe(true);
    expect(server.operations.of('PutObject')).toMatchObject([{ status: null, faults: ['drop_reply'] }]);
  });

  it('cut_request stores nothing', async () => {
    server.faults.add({ match: { operation: 'PutObject' }, action: { kind: 'cut_request', afterBytes: 3 } });
    await expect(put('cut')).rejects.toBeInstanceOf(Error);
    expect(await exists('cut')).toBe(false);
  });

  it('cut_response delivers the headers and so many bytes', async () => {
    await once.send(new PutObjectCommand({ Bucket, Key: 'long', Body: 'x'.repeat(1_000_000) }));
    for (const afterBytes of [0, 1, 123_456]) {
      server.faults.add({ match: { operation: 'GetObject' }, action: { kind: 'cut_response', afterBytes } });
      const got = await once.send(new GetObjectCommand({ Bucket, Key: 'long' }));
      let seenBytes = 0;
      const read = async (): Promise<void> => {
        if (got.Body === undefined) throw new Error('no body');
        for await (const chunk of got.Body.transformToWebStream()) seenBytes += chunk.length;
      };
      await expect(read()).rejects.toBeInstanceOf(Error);
      expect(seenBytes).toBe(afterBytes);
    }
  });

  it('a delay passes and goes on, a hang lasts until the client leaves', async () => {
    server.faults.add({ action: { kind: 'delay', delayMs: 120 } });
    server.faults.add({ action: { kind: 'hang' }, skip: 1 });
    const startMs = performance.now();
    await put('late');
    expect(performance.now() - startMs).toBeGreaterThan(115);
    const left = new AbortController();
    const hanging = once.send(new HeadObjectCommand({ Bucket, Key: 'late' }), { abortSignal: left.signal });
    await expect.poll(() => server.operations.of('HeadObject').length).toBe(1);
    left.abort();
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('close ends a hanging request', async () => {
    const faults = new FaultScript();
    faults.add({ action: { kind: 'hang' } });
    const other = await startTemporaryS3Server({ faults });
    const client = new S3Client({ ...other.clientOptions, maxAttempts: 1 });
    const hanging = client.send(new HeadObjectCommand({ Bucket, Key: 'x' }));
    const settled = expect(hanging).rejects.toBeInstanceOf(Error);
    await expect.poll(() => other.operations.entries.length).toBe(1);
    await other.close();
    await settled;
    client.destroy();
  });
});
