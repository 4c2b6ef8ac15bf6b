import type { ArtifactId } from '@nightshift/domain';

/**
 * Bytes of one artifact on their way to S3. Obtained from `openArtifactWriter`; ends with exactly one of `close` and
 * `abort`, and both may be called again without effect. Throws FailureErrors, or the
 * reason of the task's signal once that has aborted.
 */
export interface ArtifactWriter {
  readonly id: ArtifactId;
  /** Bytes accepted by `write` so far: the offset of the next chunk. */
  readonly bytesWritten: number;
  /** Resolves when the chunk is copied and the buffer has room again: awaiting it is the back-pressure. */
  write(chunk: Uint8Array): Promise<void>;
  /** Finishes the upload, checks it, and commits pointer and `artifact.completed` in one fenced write. */
  close(): Promise<{ id: ArtifactId; bytes: number; sha256: string }>;
  /**
   * Gives up: what was written stays usable when there is any, and `artifact.aborted` says so. Rejects only when the
   * artifact log does: the task belongs to somebody else.
   */
  abort(reason: string): Promise<void>;
}
