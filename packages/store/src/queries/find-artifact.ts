import { type ArtifactId, fromUuid, type StepId, type TaskId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { ArtifactRow } from './flush-tasks.ts';

export interface StoredArtifact extends ArtifactRow {
  taskId: TaskId;
  createdAt: Date;
  finishedAt: Date | undefined;
}

export interface ArtifactColumns {
  id: string;
  task_id: string;
  run: number;
  step_id: string;
  name: string;
  media_type: string;
  status: StoredArtifact['status'];
  bytes: number;
  sha256: string | null;
  s3_key: string;
  usable: boolean;
  created_at: Date;
  finished_at: Date | null;
}

/**
 * An upload ends with the epoch that began it: whoever died, was cancelled or was fenced in the middle of one cannot say so
 * any more, so a reader is told `aborted` and not to come back for ever.
 */
export const ARTIFACT_SELECT = `
    select id, task_id, run, step_id, name, media_type, status, bytes, sha256, s3_key, usable, created_at, finished_at
    from (
      select a.id, a.tenant_id, a.task_id, a.run, a.step_id, a.name, a.media_type, a.bytes, a.sha256, a.s3_key, a.usable,
        a.created_at, a.finished_at,
        case
          when a.status = 'uploading' and (h.status is distinct from 'running' or h.epoch <> a.epoch) then 'aborted'
          else a.status
        end as status
      from artifacts a left join task_heads h on h.task_id = a.task_id
    ) artifact`;

const statement = {
  name: 'find-artifact',
  text: `${ARTIFACT_SELECT}
    where id = $1::uuid and tenant_id = $2::uuid`,
};

/** The artifact, if it belongs to the tenant. */
export async function findArtifact(
  db: Queryable,
  tenantId: TenantId,
  artifactId: ArtifactId,
): Promise<StoredArtifact | undefined> {
  const [row] = await runQuery<ArtifactColumns>(db, statement, [toUuid(artifactId), toUuid(tenantId)]);
  return row && toStoredArtifact(row);
}

export function toStoredArtifact(row: ArtifactColumns): StoredArtifact {
  const stepId: StepId = fromUuid('step', row.step_id);
  return {
    id: fromUuid('art', row.id),
    taskId: fromUuid('task', row.task_id),
    run: row.run,
    stepId,
    name: row.name,
    mediaType: row.media_type,
    status: row.status,
    bytes: row.bytes,
    sha256: row.sha256 ?? undefined,
    s3Key: row.s3_key,
    usable: row.usable,
    createdAt: row.created_at,
    finishedAt: row.finished_at ?? undefined,
  };
}
