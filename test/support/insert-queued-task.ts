import { createId, type TaskId, type TenantId, toEventLine, toUuid } from '../../packages/domain/src/index.ts';
import type { Queryable } from '../../packages/store/src/index.ts';

/** A queued task straight in the tables, for tests of what happens after the submit. */
export async function insertQueuedTask(
  db: Queryable,
  options: { tenantId?: TenantId; agent?: string; input?: unknown } = {},
): Promise<{ taskId: TaskId; tenantId: TenantId }> {
  const taskId = createId('task');
  const tenantId = options.tenantId ?? createId('tenant');
  const event = toEventLine({ type: 'task.queued', data: {} }, 0, new Date());
  await db.query(
    `with task as (
       insert into tasks (id, tenant_id, agent, input, next_dispatch_at) values ($1, $2, $3, $4, now())
     ), head as (
       insert into task_heads (task_id, tenant_id, next_seq) values ($1, $2, 2)
     )
     insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
     values ($1, 1, 1, 0, array['task.queued'], 'u', $5)`,
    [toUuid(taskId), toUuid(tenantId), options.agent ?? 'test', JSON.stringify(options.input ?? {}), event.line],
  );
  return { taskId, tenantId };
}
