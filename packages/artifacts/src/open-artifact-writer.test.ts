import { createHash, randomBytes } from 'node:crypto';
import { createId, type NewEvent } from '@nightshift/domain';
import { createSilentLogger } from '@nightshift/telemetry';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTemporaryS3Server, type TemporaryS3Server } from '../../local/src/s3/start-temporary-s3-server.ts';
import type { ArtifactEnding, ArtifactLog, ArtifactRow } from './artifact-log.ts';
import { createObjectStore, type ObjectStore } from './object-store.ts';
import { openArtifactWriter } from './open-artifact-writer.ts';

let server: TemporaryS3Server;
let store: ObjectStore;

beforeAll(async () => {
  server = await startTemporaryS3Server();
  const { endpoint, region, credentials } = server.clientOptions;
  store = createObjectStore({ endpoint, region, credentials, bucket: server.bucket, log: createSilentLogger() });
});

afterEach(() => {
  server.faults.clear();
  server.operations.clear();
});

afterAll(async () => {
  store.close();
  await server.close();
});

/** A log in memory, whose entries are in the order in which they would have been committed. */
class RecordingLog implements ArtifactLog {
  readonly rows: ArtifactRow[] = [];
  readonly endings: ArtifactEnding[] = [];
  readonly events: NewEvent[] = [];
  fence: Error | undefined;

  async register(row: ArtifactRow): Promise<void> {
    if (this.fence) throw this.fence;
    this.rows.push(row);
  }

  async finish(ending: ArtifactEnding, events: NewEvent[]): Promise<void> {
    if (this.fence) throw this.fence;
    this.endings.push(ending);
    this.events.push(...events);
  }

  get key(): string {
    return this.rows[0]?.s3Key ?? '';
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }
}

async function open(name = 'speech.mp3') {
  const log = new RecordingLog();
  const stop = new AbortController();
  const clock = { ms: 0 };
  const ids = {
    tenantId: createId('tenant'),
    taskId: createId('task'),
    run: 1,
    epoch: 3,
    stepId: createId('step'),
  };
  const writer = await openArtifactWriter(
    {
      store,
      log,
      ids,
      signal: stop.signal,
      now: () => clock.ms,
      emit: async (event) => {
        log.events.push(event);
      },
    },
    { name, mediaType: 'audio/mpeg' },
  );
  return { writer, log, stop, clock, ids };
}

describe('openArtifactWriter', () => {
  it('registers the row under a key of ids before anything leaves', async () => {
    const { writer, log, ids } = await open('../../etc/passwd');
    const prefix = `t/${ids.tenantId}/${ids.taskId}/3/${ids.stepId}/`;
    expect(log.rows).toMatchObject([{ id: writer.id, name: '../../etc/passwd', mediaType: 'audio/mpeg' }]);
    expect(log.key.startsWith(prefix)).toBe(true);
    expect(log.key.slice(prefix.length)).toMatch(/^[0-9a-f-]{36}$/);
    expect(log.types).toEqual(['artifact.started']);
    expect(server.operations.entries).toEqual([]);
    await writer.abort('test over');
  });

  it('close stores the bytes, checks them, and commits pointer and event together', async () => {
    const { writer, log } = await open();
    const bytes = randomBytes(150_000);
    await writer.write(bytes.subarray(0, 70_000));
    await writer.write(bytes.subarray(70_000));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(await writer.close()).toEqual({ id: writer.id, bytes: 150_000, sha256 });
    expect(log.endings).toEqual([{ id: writer.id, status: 'completed', usable: true, bytes: 150_000, sha256 }]);
    expect(log.events).toMatchObject([
      { type: 'artifact.started', data: { artifact_id: writer.id, name: 'speech.mp3', media_type: 'audio/mpeg' } },
      { type: 'artifact.chunk', data: { artifact_id: writer.id, offset: 0, length: 70_000 } },
      { type: 'artifact.chunk', data: { artifact_id: writer.id, offset: 70_000, length: 80_000 } },
      { type: 'artifact.completed', data: { artifact_id: writer.id, bytes: 150_000, sha256 } },
    ]);
    expect((await store.read(log.key, { maxBytes: 200_000 })).equals(bytes)).toBe(true);
  });

  it('tells of small chunks by time, and of the rest at the end', async () => {
    const { writer, log, clock } = await open();
    for (const ms of [10, 20, 300, 310]) {
      clock.ms = ms;
      await writer.write(Buffer.alloc(100));
    }
    await writer.close();
    const chunks = log.events.filter((event) => event.type === 'artifact.chunk').map((event) => event.data);
    expect(chunks).toMatchObject([
      { offset: 0, length: 300 },
      { offset: 300, length: 100 },
    ]);
  });

  it('writes no pointer when S3 has another size than was sent', async () => {
    const { writer, log } = await open();
    await writer.write(Buffer.from('twelve bytes'));
    const action = { kind: 'error', status: 404, code: 'NoSuchKey' } as const;
    server.faults.add({ match: { operation: 'HeadObject' }, action });
    await expect(writer.close()).rejects.toMatchObject({
      failure: { code: 'artifact_upload_failed', retryable: true },
    });
    await writer.abort('the upload failed');
    expect(log.endings).toMatchObject([{ status: 'aborted', usable: false }]);
    expect(log.types).toEqual(['artifact.started', 'artifact.aborted']);
  });

  it('abort keeps what was written usable and says so', async () => {
    const { writer, log } = await open();
    await writer.write(Buffer.from('the first half'));
    await writer.abort('the tool failed');
    expect(log.endings).toMatchObject([{ status: 'aborted', usable: true, bytes: 14 }]);
    expect(log.events.at(-1)).toMatchObject({
      type: 'artifact.aborted',
      data: { artifact_id: writer.id, bytes: 14, usable: true, reason: 'the tool failed' },
    });
    expect((await store.read(log.key, { maxBytes: 100 })).toString()).toBe('the first half');
  });

  it('abort without a byte leaves nothing', async () => {
    const { writer, log } = await open();
    await writer.abort('nothing came');
    await writer.abort('twice');
    expect(log.events.at(-1)?.data).toMatchObject({ bytes: 0, usable: false });
    expect(log.endings).toHaveLength(1);
    expect(await store.head(log.key)).toBeUndefined();
  });

  it('writes no pointer and leaves no parts when the signal aborts', async () => {
    const { writer, log, stop } = await open();
    await writer.write(randomBytes(6 * 1024 * 1024));
    stop.abort(new Error('lease lost'));
    await expect(writer.write(Buffer.from('late'))).rejects.toThrow('lease lost');
    await expect(writer.close()).rejects.toThrow('lease lost');
    await writer.abort('lease lost');
    expect(log.endings).toEqual([]);
    expect(log.types).not.toContain('artifact.aborted');
    expect(await store.abortUploads(log.key)).toBe(0);
    expect(await store.head(log.key)).toBeUndefined();
  });

  it('close rejects with what the log rejects with, when the task was taken over', async () => {
    const { writer, log } = await open();
    await writer.write(Buffer.from('bytes'));
    log.fence = new Error('epoch moved on');
    await expect(writer.close()).rejects.toThrow('epoch moved on');
    expect(log.endings).toEqual([]);
  });

  it('is over after close: writes are refused, abort and a second close change nothing', async () => {
    const { writer, log } = await open();
    await writer.write(Buffer.from('bytes'));
    const closed = await writer.close();
    expect(await writer.close()).toEqual(closed);
    await writer.abort('too late');
    await expect(writer.write(Buffer.from('late'))).rejects.toMatchObject({ failure: { retryable: false } });
    expect(log.endings).toHaveLength(1);
  });

  it('close is refused after abort', async () => {
    const { writer } = await open();
    await writer.abort('given up');
    await expect(writer.close()).rejects.toMatchObject({ failure: { code: 'artifact_upload_failed' } });
  });
});
