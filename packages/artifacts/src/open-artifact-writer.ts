import { randomUUID } from 'node:crypto';
import {
  type ArtifactId,
  createId,
  type EventType,
  type FailureError,
  failWith,
  type NewEvent,
  toSafeText,
} from '@nightshift/domain';
import { withTimeout } from '@nightshift/resilience';
import type { ArtifactEnding, ArtifactIds, ArtifactLog, ArtifactRow } from './artifact-log.ts';
import type { ArtifactWriter } from './artifact-writer.ts';
import { type ChunkNotice, ChunkNotices } from './chunk-notices.ts';
import type { ObjectStore } from './object-store.ts';
import type { ObjectUpload, UploadedObject } from './object-upload.ts';

/** Longer names are cut. */
const MAX_NAME_CHARS = 200;
/** How long `abort` tries to keep what was written. */
const SALVAGE_TIMEOUT_MS = 10_000;

export interface ArtifactWriterDeps {
  store: ObjectStore;
  log: ArtifactLog;
  ids: ArtifactIds;
  /** Of the task: its abort (cancel, lost lease) stops everything, and no pointer is written. */
  signal: AbortSignal;
  /** Puts an event into the task's log; resolves when there is room again. */
  emit(event: NewEvent): Promise<void>;
  /** Milliseconds; default the wall clock. */
  now?: () => number;
}

/**
 * Opens an artifact: the row is registered (durably, fenced) and `artifact.started` sent before the first byte can leave,
 * so that the rows say what a crash leaves behind. Bytes, then HEAD, then the pointer with its event: a pointer
 * never points to something that is not there (GUARANTEES.md I19).
 */
export async function openArtifactWriter(
  deps: ArtifactWriterDeps,
  artifact: { name: string; mediaType: string },
): Promise<ArtifactWriter> {
  deps.signal.throwIfAborted();
  const id = createId('art');
  const name = toSafeText(artifact.name.slice(0, MAX_NAME_CHARS));
  const { mediaType } = artifact;
  const row: ArtifactRow = { ...deps.ids, id, name, mediaType, s3Key: toArtifactKey(deps.ids) };
  await deps.log.register(row);
  await deps.emit({
    type: 'artifact.started',
    stepId: row.stepId,
    data: { artifact_id: id, name, media_type: mediaType },
  });
  return new S3ArtifactWriter(deps, row);
}

/** From ids only, never from a name; the last part makes the key of every try its own. */
function toArtifactKey({ tenantId, taskId, epoch, stepId }: ArtifactIds): string {
  return `t/${tenantId}/${taskId}/${epoch}/${stepId}/${randomUUID()}`;
}

class S3ArtifactWriter implements ArtifactWriter {
  readonly #deps: ArtifactWriterDeps;
  readonly #row: ArtifactRow;
  readonly #upload: ObjectUpload;
  readonly #notices: ChunkNotices;
  #bytes = 0;
  #closed: Promise<ClosedArtifact> | undefined;
  #aborted: Promise<void> | undefined;

  constructor(deps: ArtifactWriterDeps, row: ArtifactRow) {
    this.#deps = deps;
    this.#row = row;
    this.#notices = new ChunkNotices(deps.now ?? Date.now);
    const { s3Key: key, mediaType } = row;
    this.#upload = deps.store.startUpload({ key, mediaType, ifAbsent: true, signal: deps.signal });
  }

  get id(): ArtifactId {
    return this.#row.id;
  }

  get bytesWritten(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#closed || this.#aborted) throw hasEnded();
    await this.#upload.write(chunk);
    this.#bytes += chunk.length;
    await this.#tell(this.#notices.take(this.#bytes));
  }

  close(): Promise<ClosedArtifact> {
    if (this.#aborted && !this.#closed) return Promise.reject(hasEnded());
    this.#closed ??= this.#close();
    return this.#closed;
  }

  abort(reason: string): Promise<void> {
    this.#aborted ??= this.#abort(reason);
    return this.#aborted;
  }

  async #close(): Promise<ClosedArtifact> {
    const { id, name, mediaType } = this.#row;
    const { bytes, sha256 } = await this.#store();
    const ending: ArtifactEnding = { id, status: 'completed', usable: true, bytes, sha256 };
    await this.#settle(ending, 'artifact.completed', { name, media_type: mediaType, bytes, sha256 });
    return { id, bytes, sha256 };
  }

  async #abort(reason: string): Promise<void> {
    if (this.#closed && (await succeeds(this.#closed))) return;
    const stored = await this.#salvage();
    await this.#upload.abort();
    // The task is over or not ours any more: the row stays `uploading`, and readers see `aborted`.
    if (this.#deps.signal.aborted) return;
    const { id } = this.#row;
    const ending: ArtifactEnding = stored
      ? { id, status: 'aborted', usable: true, bytes: stored.bytes, sha256: stored.sha256 }
      : { id, status: 'aborted', usable: false, bytes: 0, sha256: undefined };
    const { bytes, usable } = ending;
    await this.#settle(ending, 'artifact.aborted', { bytes, usable, reason: toSafeText(reason) });
  }

  /** Makes what was written an object, if that works and soon: a hard timeout must not wait for a hanging S3. */
  async #salvage(): Promise<UploadedObject | undefined> {
    if (this.#closed || this.#upload.bytesWritten === 0) return undefined;
    const timeout = { timeoutMs: SALVAGE_TIMEOUT_MS, what: 'keeping what was written' };
    return await withTimeout(() => this.#store(), timeout).catch(() => undefined);
  }

  /** Finishes the upload and looks whether S3 has it as it was sent. */
  async #store(): Promise<UploadedObject> {
    const { store, signal } = this.#deps;
    const stored = await this.#upload.finish();
    const found = await store.head(this.#row.s3Key, signal);
    if (found?.bytes !== stored.bytes) {
      const message = `The artifact has ${stored.bytes} bytes, but S3 has ${found?.bytes ?? 'nothing'}.`;
      throw failWith('artifact_upload_failed', message);
    }
    await this.#tell(this.#notices.takeRest(stored.bytes));
    signal.throwIfAborted();
    return stored;
  }

  /** The pointer and its event, in one fenced write. */
  async #settle(ending: ArtifactEnding, type: EventType, data: NewEvent['data']): Promise<void> {
    const { id, stepId } = this.#row;
    await this.#deps.log.finish(ending, [{ type, stepId, data: { artifact_id: id, ...data } }]);
  }

  async #tell(notice: ChunkNotice | undefined): Promise<void> {
    if (!notice) return;
    const { id, stepId } = this.#row;
    await this.#deps.emit({ type: 'artifact.chunk', stepId, data: { artifact_id: id, ...notice } });
  }
}

type ClosedArtifact = Awaited<ReturnType<ArtifactWriter['close']>>;

function hasEnded(): FailureError {
  return failWith('artifact_upload_failed', 'The artifact was closed or aborted before.', { retryable: false });
}

async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return await promise.then(
    () => true,
    () => false,
  );
}
