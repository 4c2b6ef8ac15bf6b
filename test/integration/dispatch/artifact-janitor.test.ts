import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type ArtifactLog,
  createObjectStore,
  type ObjectStore,
  openArtifactWriter,
  toFileKey,
} from '../../../packages/artifacts/src/index.ts';
import { createArtifactJanitor, createUploadSweeper } from '../../../packages/dispatch/src/index.ts';
import { type ArtifactId, createId, fromUuid, toUuid } from '../../../packages/domain/src/index.ts';
import type { TaskLog } from '../../../packages/eventlog/src/index.ts';
import {
  startTemporaryS3Server,
  type TemporaryS3Server,
} from '../../../packages/local/src/s3/start-temporary-s3-server.ts';
import { type ArtifactRow, finishFile, insertFile, releaseTasks } from '../../../packages/store/src/index.ts';
import { createSilentLogger } from '../../../packages/telemetry/src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { createEventFixture, type EventFixture } from '../eventlog/event-fixture.ts';

const MANY_BYTES = 6 * 1024 * 1024;
const log = createSilentLogger();
let fixture: EventFixture;
let s3: TemporaryS3Server;
let objects: ObjectStore;

beforeAll(async () => {
  fixture = await createEventFixture();
  s3 = await startTemporaryS3Server();
  const { endpoint, region, credentials } = s3.clientOptions;
  objects = createObjectStore({ endpoint, region, credentials, bucket: s3.bucket, log });
});
afterEach(async () => {
  s3.faults.clear();
  await fixture.pool.query('truncate artifacts, files');
});
afterAll(async () => {
  objects.close();
  await s3.close();
  await fixture.close();
});

function janitor(minAgeMs = 0) {
  return createArtifactJanitor({ pool: fixture.pool, objects, log, metrics: fixture.metrics, minAgeMs });
}

/** An artifact that a running epoch has begun to write. */
async function open(taskLog: TaskLog, bytes: number) {
  const rows = new Map<ArtifactId, Omit<ArtifactRow, 'status' | 'bytes' | 'usable'>>();
  let key = '';
  const artifactLog: ArtifactLog = {
    async register({ id, run, stepId, name, mediaType, s3Key }) {
      key = s3Key;
      rows.set(id, { id, run, stepId, name, mediaType, s3Key });
      await taskLog.commit({
        artifacts: [{ id, run, stepId, name, mediaType, s3Key, status: 'uploading', bytes: 0, usable: false }],
      });
    },
    async finish(ending, events) {
      const row = rows.get(ending.id);
      if (row) await taskLog.commit({ artifacts: [{ ...row, ...ending }], events });
    },
  };
  const { taskId, epoch } = taskLog;
  const writer = await openArtifactWriter(
    {
      store: objects,
      log: artifactLog,
      ids: { tenantId: createId('tenant'), taskId, run: 1, epoch, stepId: createId('step') },
      signal: taskLog.signal,
      emit: (event) => taskLog.emit(event),
    },
    { name: 'a', mediaType: 'text/plain' },
  );
  await writer.write(Buffer.alloc(bytes, 'x'));
  if (bytes === MANY_BYTES) await eventually('the upload has begun', async () => (await uploadsOf(key)) === 1);
  return { writer, key };
}

async function uploadsOf(key: string): Promise<number> {
  return (await objects.listUploads('t/')).filter((upload) => upload.key === key).length;
}

async function stateOf(key: string) {
  const { rows } = await fixture.pool.query<{ status: string; discards: number }>(
    'select status, discards from artifacts where s3_key = $1',
    [key],
  );
  return { ...rows[0], uploads: await uploadsOf(key), isThere: (await objects.head(key)) !== undefined };
}

describe('the artifact janitor', () => {
  it('removes the parts of an upload whose epoch is over, and says that it is aborted', async () => {
    const taskLog = await fixture.openLog();
    const { key } = await open(taskLog, MANY_BYTES);
    await janitor().runOnce();
    expect(await stateOf(key)).toMatchObject({ status: 'uploading', uploads: 1 });
    await releaseTasks(fixture.pool, [taskLog]);
    await janitor(3_600_000).runOnce();
    expect(await stateOf(key)).toMatchObject({ status: 'uploading', uploads: 1 }); // not old enough
    await janitor().runOnce();
    expect(await stateOf(key)).toMatchObject({ status: 'aborted', uploads: 0, isThere: false });
  });

  it('removes an object whose pointer was never committed, and what a late writer puts there after the first look', async () => {
    const taskLog = await fixture.openLog();
    const { key } = await open(taskLog, 10);
    await objects.put(key, Buffer.from('whole'), { mediaType: 'text/plain', ifAbsent: true });
    await releaseTasks(fixture.pool, [taskLog]);
    await fixture.claim(taskLog.taskId); // the next epoch runs
    await janitor().runOnce();
    expect(await stateOf(key)).toMatchObject({ status: 'aborted', discards: 1, isThere: false });
    await objects.put(key, Buffer.from('late'), { mediaType: 'text/plain', ifAbsent: true });
    await janitor().runOnce();
    expect(await stateOf(key)).toMatchObject({ discards: 2, isThere: false });
    await objects.put(key, Buffer.from('never looked at again'), { mediaType: 'text/plain', ifAbsent: true });
    await janitor().runOnce();
    expect(await stateOf(key)).toMatchObject({ discards: 2, isThere: true });
  });

  it('never touches what a running epoch is writing or has written, however often it looks', async () => {
    const logs = await fixture.openLogs(4);
    let isWriting = true;
    let passes = 0;
    const sweeping = (async () => {
      const one = janitor();
      while (isWriting) {
        await one.runOnce();
        passes += 1;
      }
    })();
    const keys = await Promise.all(
      logs.map(async (taskLog, n) => {
        const written: string[] = [];
        for (let round = 0; round < 3; round++) {
          const { writer, key } = await open(taskLog, n % 2 ? MANY_BYTES : 1_000);
          await writer.write(Buffer.from('end'));
          await writer.close();
          written.push(key);
        }
        return written;
      }),
    );
    isWriting = false;
    await sweeping;
    expect(passes).toBeGreaterThan(3);
    for (const key of keys.flat()) {
      expect(await stateOf(key)).toMatchObject({ status: 'completed', discards: 0, isThere: true });
    }
    await releaseTasks(fixture.pool, logs);
    await janitor().runOnce();
    for (const key of keys.flat()) expect(await stateOf(key)).toMatchObject({ status: 'completed', isThere: true });
  });

  it('goes on with the others when S3 refuses one, and comes back to it', async () => {
    const taskLog = await fixture.openLog();
    const uploads = [await open(taskLog, MANY_BYTES), await open(taskLog, MANY_BYTES), await open(taskLog, MANY_BYTES)];
    await releaseTasks(fixture.pool, [taskLog]);
    const refused = uploads[0]?.key ?? '';
    s3.faults.add({
      match: { operation: 'DeleteObject', key: refused },
      times: Number.POSITIVE_INFINITY,
      action: { kind: 'error', status: 403, code: 'AccessDenied' },
    });
    const one = janitor();
    await one.runOnce();
    expect(await stateOf(refused)).toMatchObject({ status: 'uploading' });
    for (const { key } of uploads.slice(1)) expect(await stateOf(key)).toMatchObject({ status: 'aborted', uploads: 0 });
    s3.faults.clear();
    await one.runOnce();
    expect(await stateOf(refused)).toMatchObject({ status: 'aborted', uploads: 0 });
  });

  it('removes the bytes of deleted files, and gives up uploads of clients that are too old', async () => {
    const tenantId = createId('tenant');
    const ids = [fromUuid('file', randomUUID()), fromUuid('file', randomUUID())] as const;
    for (const id of ids) {
      const s3Key = toFileKey(tenantId, id);
      await insertFile(fixture.pool, { id, tenantId, name: id, mediaType: 'text/plain', s3Key });
      await objects.put(s3Key, Buffer.from('bytes'), { mediaType: 'text/plain', ifAbsent: true });
    }
    const [deleted, slow] = ids;
    await fixture.pool.query(`update files set status = 'deleted' where id = $1`, [toUuid(deleted)]);
    await janitor(60_000).runOnce();
    expect(await objects.head(toFileKey(tenantId, deleted))).toBeUndefined();
    expect(await objects.head(toFileKey(tenantId, slow))).toBeDefined();
    await fixture.pool.query(`update files set created_at = now() - interval '59 minutes'`);
    await janitor(0).runOnce();
    expect(await objects.head(toFileKey(tenantId, slow))).toBeDefined();
    await fixture.pool.query(`update files set created_at = now() - interval '61 minutes'`);
    await janitor(60_000).runOnce();
    expect(await objects.head(toFileKey(tenantId, slow))).toBeUndefined();
    // Whoever still wrote it is told that it is gone.
    const upload = { id: slow, tenantId, bytes: 5, sha256: 'x', mediaType: 'text/plain' };
    expect(await finishFile(fixture.pool, upload)).toBeUndefined();
  });
});

describe('the upload sweeper', () => {
  it('removes old uploads that no row knows of, and not those of a running epoch', async () => {
    const taskLog = await fixture.openLog();
    const live = await open(taskLog, MANY_BYTES);
    const lost = objects.startUpload({ key: 't/lost', mediaType: 'text/plain', ifAbsent: true });
    await lost.write(Buffer.alloc(MANY_BYTES));
    await eventually('the upload has begun', async () => (await uploadsOf('t/lost')) === 1);
    const sweep = (now: number) =>
      createUploadSweeper({
        pool: fixture.pool,
        objects,
        log,
        metrics: fixture.metrics,
        maxAgeMs: 60_000,
        now: () => now,
      }).runOnce();
    await sweep(Date.now());
    expect([await uploadsOf(live.key), await uploadsOf('t/lost')]).toEqual([1, 1]);
    await sweep(Date.now() + 120_000);
    expect([await uploadsOf(live.key), await uploadsOf('t/lost')]).toEqual([1, 0]);
    await live.writer.close();
    expect(await stateOf(live.key)).toMatchObject({ status: 'completed', isThere: true });
  });
});
