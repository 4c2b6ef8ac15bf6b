import type { StoredArtifact } from '@nightshift/store';
import type { Artifact } from '../schemas/artifact.ts';
import { toTime } from './to-time.ts';

/** Whether there is content that can be fetched. */
export function hasContent(row: Pick<StoredArtifact, 'status' | 'usable'>): boolean {
  return row.status === 'completed' || (row.status === 'aborted' && row.usable);
}

export function toArtifact(row: StoredArtifact): Artifact {
  return {
    id: row.id,
    task_id: row.taskId,
    step_id: row.stepId,
    run: row.run,
    name: row.name,
    media_type: row.mediaType,
    status: row.status,
    usable: hasContent(row),
    bytes: row.bytes,
    sha256: row.sha256 ?? null,
    content_url: `/v1/artifacts/${row.id}/content`,
    created_at: row.createdAt.toISOString(),
    finished_at: toTime(row.finishedAt),
  };
}
