import type { TaskId, TenantId } from '@nightshift/domain';
import { findTask, listArtifacts, type Queryable } from '@nightshift/store';
import { notFound } from '../http/refuse.ts';
import { toArtifact } from '../resources/to-artifact.ts';
import { toTask } from '../resources/to-task.ts';
import type { Task } from '../schemas/task.ts';

/** The task as it is now: what stands for events that are gone. */
export async function readSnapshot(db: Queryable, tenantId: TenantId, taskId: TaskId): Promise<Task> {
  const row = await findTask(db, tenantId, taskId);
  if (!row) throw notFound('task');
  const artifacts = await listArtifacts(db, tenantId, [taskId]);
  return { ...toTask(row), artifacts: artifacts.map(toArtifact) };
}
