import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { createId } from '@nightshift/domain';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from '../../local/src/s3/start-temporary-s3-server.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';
import { SNIFFED_BYTES, storeFile, toFileKey } from './store-file.ts';

let server: TemporaryS3Server;
let store: ObjectStore;

beforeAll(async () => {
  server = await startTemporaryS3Server();
  const { endpoint, region, credentials } = server.clientOptions;
  store = createObjectStore({ endpoint, region, credentials, bucket: server.bucket, log: createSilentLogger() });
});

afterAll(async () => {
  store.close();
  await server.close();
});

const newFile = () => ({ tenantId: createId('tenant'), fileId: createId('file'), mediaType: 'text/plain' });

describe('storeFile', () => {
  it('stores the stream under a key of ids with the type that was sniffed', async () => {
    const file = newFile();
    const bytes = randomBytes(10_000);
    let sniffedBytes = 0;
    const stored = await storeFile(store, Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]), {
      ...file,
      maxBytes: 10_000,
      sniff: (head, declared) => {
        sniffedBytes = head.length;
        return `${declared}; sniffed=1`;
      },
    });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const s3Key = `t/${file.tenantId}/files/${file.fileId}`;
    expect(stored).toEqual({ s3Key, mediaType: 'text/plain; sniffed=1', bytes: 10_000, sha256 });
    expect(sniffedBytes).toBe(SNIFFED_BYTES);
    expect(await store.head(s3Key)).toMatchObject({ bytes: 10_000, sha256 });
  });

  it('refuses one byte too many, leaves nothing, and leaves the source open for an answer', async () => {
    const file = newFile();
    const body = Readable.from([Buffer.alloc(6_000), Buffer.alloc(4_001), Buffer.alloc(10)]);
    const stored = storeFile(store, body, { ...file, maxBytes: 10_000, sniff: (_head, declared) => declared });
    await expect(stored).rejects.toMatchObject({ failure: { code: 'payload_too_large' } });
    expect(await store.head(toFileKey(file.tenantId, file.fileId))).toBeUndefined();
    expect(body.destroyed).toBe(false);
    body.destroy();
  });

  it('stores nothing when sniff refuses', async () => {
    const file = newFile();
    const sniff = () => {
      throw new Error('this is no document');
    };
    const body = Readable.from([Buffer.from('MZ')]);
    await expect(storeFile(store, body, { ...file, maxBytes: 10, sniff })).rejects.toThrow('no document');
    expect(await store.head(toFileKey(file.tenantId, file.fileId))).toBeUndefined();
  });
});
