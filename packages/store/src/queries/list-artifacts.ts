import { type TaskId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { ARTIFACT_SELECT, type ArtifactColumns, type StoredArtifact, toStoredArtifact } from './find-artifact.ts';

/** A task that makes more is listed up to here; every artifact has its event in the log. */
const MAX_ARTIFACTS = 1_000;

const statement = {
  name: 'list-artifacts',
  text: `${ARTIFACT_SELECT}
    where task_id = any($1::uuid[]) and tenant_id = $2::uuid
    order by task_id, id
    limit ${MAX_ARTIFACTS}`,
};

/** The artifacts of tasks of the tenant, by task, oldest first. */
export async function listArtifacts(
  db: Queryable,
  tenantId: TenantId,
  taskIds: readonly TaskId[],
): Promise<StoredArtifact[]> {
  const rows = await runQuery<ArtifactColumns>(db, statement, [taskIds.map(toUuid), toUuid(tenantId)]);
  return rows.map(toStoredArtifact);
}
