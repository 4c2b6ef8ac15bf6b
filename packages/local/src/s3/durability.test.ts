import { randomInt } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirInUseError } from './data-dir-lock.ts';
import { type S3Server, startS3Server } from './start-s3-server.ts';

const Bucket = 'kept-bucket';
const credentials = { accessKeyId: 'AKIAKEPT', secretAccessKey: 'secret' };
const region = 'eu-west-1';

let folder: string;
const servers: S3Server[] = [];
const clients: S3Client[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-s3-durability-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(
  dataDir: string,
  log?: (message: string) => void,
): Promise<{ server: S3Server; client: S3Client }> {
  const server = await startS3Server({ dataDir, region, ...credentials, buckets: [Bucket], ...(log && { log }) });
  const client = new S3Client({ endpoint: server.url, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  servers.push(server);
  clients.push(client);
  return { server, client };
}

async function readObject(client: S3Client, Key: string) {
  const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  return { text: await got.Body?.transformToString(), metadata: got.Metadata, etag: got.ETag, sum: got.ChecksumCRC32 };
}

async function fill(client: S3Client) {
  const Key = 'kept/../ü';
  await client.send(new PutObjectCommand({ Bucket, Key, Body: 'still here', Metadata: { a: '1' } }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body: 'old' }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'replaced', Body: 'new' }));
  const target = { Bucket, Key: 'resumed' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const part = { ...target, UploadId, PartNumber: 1 };
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'part' }));
  return { Key, target: { ...target, UploadId }, ETag };
}

describe('startS3Server', () => {
  it('startS3Server finds objects, metadata and unfinished uploads again after a restart', async () => {
    const before = await start(folder);
    const { Key, target, ETag } = await fill(before.client);
    const object = await readObject(before.client, Key);
    await before.server.close();

    const { client } = await start(folder);
    expect(object).toMatchObject({ text: 'still here', metadata: { a: '1' } });
    expect(await readObject(client, Key)).toEqual(object);
    expect((await readObject(client, 'replaced')).text).toBe('new');
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map((item) => item.Key)).toEqual([Key, 'replaced']);
    expect((await client.send(new ListPartsCommand(target))).Parts).toMatchObject([{ PartNumber: 1, ETag, Size: 4 }]);
    const Parts = [{ PartNumber: 1, ETag }];
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } }));
    expect((await readObject(client, 'resumed')).text).toBe('part');
  });

  it('startS3Server deletes what a crash left and keeps the rest', async () => {
    const dataDir = join(folder, 'live');
    const copy = join(folder, 'crashed');
    const { client } = await start(dataDir);
    const { Key, target, ETag } = await fill(client);
    const bucketFolder = join(copy, 'buckets', Bucket);
    // A copy of a running server's folder is what a power cut leaves; the lock names an address nobody answers at.
    await cp(dataDir, copy, { recursive: true });
    const Parts = [{ PartNumber: 1, ETag }];
    await client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } }));
    // The object of a completed upload beside the upload itself: the crash came between the two.
    const objects = join('buckets', Bucket, 'objects');
    await cp(join(dataDir, objects), join(copy, objects), { recursive: true });
    await writeFile(join(copy, 'server.lock'), 'http://127.0.0.1:1\nnobody\n');
    await writeFile(join(bucketFolder, 'tmp', 'unfinished'), 'x');
    await writeFile(join(bucketFolder, 'data', 'orphan'), 'x');
    expect(await readdir(join(bucketFolder, 'uploads'))).toHaveLength(1);

    const { client: revived } = await start(copy);
    expect((await readObject(revived, Key)).text).toBe('still here');
    expect((await readObject(revived, 'resumed')).text).toBe('part');
    expect(await readdir(join(bucketFolder, 'uploads'))).toEqual([]);
    expect(await readdir(join(bucketFolder, 'tmp'))).toEqual([]);
    expect(await readdir(join(bucketFolder, 'data'))).toHaveLength(3);
  });

  it('startS3Server skips a damaged record, says so, and deletes no bytes then', async () => {
    const first = await start(folder);
    const { Key } = await fill(first.client);
    await first.server.close();
    const bucketFolder = join(folder, 'buckets', Bucket);
    await writeFile(join(bucketFolder, 'objects', 'damaged.json'), '{"key":');
    await writeFile(join(bucketFolder, 'data', 'perhaps-needed'), 'x');
    const messages: string[] = [];
    const { client } = await start(folder, (message) => messages.push(message));
    expect((await readObject(client, Key)).text).toBe('still here');
    expect(messages).toEqual([`bucket ${Bucket}: skipped damaged.json: not JSON`]);
    expect(await readdir(join(bucketFolder, 'data'))).toContain('perhaps-needed');
  });

  it('startS3Server refuses a folder that is served already, and takes it once that server is closed', async () => {
    const { server } = await start(folder);
    await expect(start(folder)).rejects.toBeInstanceOf(DataDirInUseError);
    await server.close();
    await start(folder);
  });

  it('startS3Server agrees with a model through random operations at once and restarts', async () => {
    const seed = randomInt(2 ** 31);
    const random = createRandom(seed);
    const model = new Map<string, string>();
    for (let round = 0; round < 3; round++) {
      const { server, client } = await start(folder);
      for (let step = 0; step < 25; step++) {
        const picked = new Set(Array.from({ length: 6 }, () => `${'../'.repeat(random(3))}key/${random(12)}`));
        await Promise.all([...picked].map((Key) => act(client, model, Key, random)));
      }
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      expect(Contents.map(({ Key }) => Key).sort(), `seed ${seed}`).toEqual([...model.keys()].sort());
      for (const [Key, text] of model) expect((await readObject(client, Key)).text, `seed ${seed}`).toBe(text);
      const bucketFolder = join(folder, 'buckets', Bucket);
      expect(await readdir(join(bucketFolder, 'data')), `seed ${seed}`).toHaveLength(model.size);
      await server.close();
    }
  });
});

/** Mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One random operation on a key, done to the server and to the model. */
async function act(client: S3Client, model: Map<string, string>, Key: string, random: (below: number) => number) {
  const Body = String(random(1_000_000));
  switch (random(4)) {
    case 0: {
      model.delete(Key);
      await client.send(new DeleteObjectCommand({ Bucket, Key }));
      return;
    }
    case 1: {
      const wins = !model.has(Key);
      if (wins) model.set(Key, Body);
      const put = client.send(new PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: '*' }));
      if (wins) await put;
      else await expect(put).rejects.toMatchObject({ name: 'PreconditionFailed' });
      return;
    }
    default:
      model.set(Key, Body);
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
  }
}
