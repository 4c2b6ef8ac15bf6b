import type { ArtifactId, NewEvent, StepId, TaskId, TenantId } from '@nightshift/domain';

/** Where an artifact comes from. Its S3 key is made of these and nothing else. */
export interface ArtifactIds {
  tenantId: TenantId;
  taskId: TaskId;
  run: number;
  epoch: number;
  stepId: StepId;
}

/** The row of an artifact before its first byte leaves: status `uploading`. */
export interface ArtifactRow extends ArtifactIds {
  id: ArtifactId;
  name: string;
  mediaType: string;
  s3Key: string;
}

/** How an artifact ended. `bytes` is what can be fetched; `usable` is false when nothing can. */
export type ArtifactEnding =
  | { id: ArtifactId; status: 'completed'; usable: true; bytes: number; sha256: string }
  | { id: ArtifactId; status: 'aborted'; usable: true; bytes: number; sha256: string }
  | { id: ArtifactId; status: 'aborted'; usable: false; bytes: 0; sha256: undefined };

/** Where the rows of artifacts go: durable writes, fenced by the task's epoch. Rejects when the task was taken over. */
export interface ArtifactLog {
  register(row: ArtifactRow): Promise<void>;
  /** The ending and its events become visible together or not at all. */
  finish(ending: ArtifactEnding, events: NewEvent[]): Promise<void>;
}
