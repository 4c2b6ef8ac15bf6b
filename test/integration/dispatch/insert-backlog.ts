import { createId, fromUuid, type TaskId, type TenantId, toUuid } from '../../../packages/domain/src/index.ts';
import type { Queryable } from '../../../packages/store/src/index.ts';

/** A statement of a test ends after seconds, on a busy machine too. */
const MAX_TASKS_PER_INSERT = 5_000;

export interface Backlog {
  tenantId: TenantId;
  batchUuid: string | undefined;
  /** Oldest first. */
  taskIds: TaskId[];
}

/** Many tasks at once, straight in the tables: alone or in a batch, queued or waiting for their time. */
export async function insertBacklog(
  db: Queryable,
  options: {
    count: number;
    tenantId?: TenantId;
    priority?: number;
    batch?: { concurrency?: number };
    waitsMs?: number;
  },
): Promise<Backlog> {
  const tenantId = options.tenantId ?? createId('tenant');
  const batchUuid = options.batch ? toUuid(createId('batch')) : undefined;
  if (batchUuid) {
    await db.query('insert into batches (id, tenant_id, agent, total, concurrency) values ($1, $2, $3, $4, $5)', [
      batchUuid,
      toUuid(tenantId),
      'test',
      options.count,
      options.batch?.concurrency ?? null,
    ]);
  }
  const ids = Array.from({ length: options.count }, () => toUuid(createId('task')));
  for (let from = 0; from < ids.length; from += MAX_TASKS_PER_INSERT) {
    await db.query(
      `with task as (
       insert into tasks (id, tenant_id, batch_id, batch_index, custom_id, agent, input, priority, next_dispatch_at,
         waiting_for, wake_at)
       select i.id, $2::uuid, $3::uuid, case when $3::uuid is not null then i.n + $6::integer end,
         case when $3::uuid is not null then (i.n + $6::integer)::text end, 'test', '{}', $4::smallint,
         case when $5::float8 is null then now() end, case when $5::float8 is not null then 'schedule' end,
         now() + make_interval(secs => $5::float8 / 1000)
       from unnest($1::uuid[]) with ordinality as i(id, n)
     ), head as (
       insert into task_heads (task_id, tenant_id, status, next_seq)
       select id, $2::uuid, case when $5::float8 is null then 'queued' else 'waiting' end, 2
       from unnest($1::uuid[]) as i(id)
     )
     insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
     select id, 1, 1, 0, array['task.queued'], 'u', '{"type":"task.queued","epoch":0,"data":{}}'
     from unnest($1::uuid[]) as i(id)`,
      [
        ids.slice(from, from + MAX_TASKS_PER_INSERT),
        toUuid(tenantId),
        batchUuid ?? null,
        options.priority ?? 0,
        options.waitsMs ?? null,
        from,
      ],
    );
  }
  return { tenantId, batchUuid, taskIds: ids.map((id) => fromUuid('task', id)) };
}
