import { fromUuid, type TaskId, type TenantId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Tasks of a tenant that wait for their turn together: those of one priority in one batch, or outside of batches. */
export interface BacklogFlow {
  tenantId: TenantId;
  /** Share of the tenant while others wait too. */
  weight: number;
  /** Lower comes first within the tenant. */
  rank: number;
  /** The batch's uuid; the nil uuid is the tasks outside of batches. */
  flow: string;
  /** Tasks that the caps of the tenant and of the batch still allow; undefined is no cap. */
  tenantRoom: number | undefined;
  flowRoom: number | undefined;
  /** Oldest first, not all of them; empty when a pause or a cap holds the flow. */
  taskIds: TaskId[];
}

/** Where a look ended that did not see every flow. */
export interface BacklogCursor {
  tenantUuid: string;
  rank: number;
  flow: string;
}

interface Row {
  tenant_id: string;
  weight: number;
  rank: number;
  flow: string;
  tenant_room: number | null;
  flow_room: number | null;
  task_ids: string[];
}

export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** Behind it comes everything: priorities are far from the ends of smallint. */
const BEGINNING: BacklogCursor = { tenantUuid: NIL_UUID, rank: -32_768, flow: NIL_UUID };

/**
 * A loose scan of the index tasks_backlog: one probe for each flow, however many tasks wait in it, then some tasks of
 * each. Running and offered tasks count against a cap, and are counted only where there is one. A task keeps its place
 * by its id, which is its age: one that was begun and comes back is ahead of those that never started.
 */
const statement = {
  name: 'find-backlog',
  text: `
    with recursive flows as (
      (
        select t.tenant_id, -t.priority as rank, coalesce(t.batch_id, '${NIL_UUID}'::uuid) as flow, 1 as n
        from tasks t
        where t.next_dispatch_at is not null and t.offers = 0
          and (t.tenant_id, (-t.priority), coalesce(t.batch_id, '${NIL_UUID}'::uuid)) > ($3::uuid, $4::smallint, $5::uuid)
        order by t.tenant_id, (-t.priority), coalesce(t.batch_id, '${NIL_UUID}'::uuid)
        limit 1
      )
      union all
      select next.tenant_id, next.rank, next.flow, f.n + 1
      from flows f cross join lateral (
        select t.tenant_id, -t.priority as rank, coalesce(t.batch_id, '${NIL_UUID}'::uuid) as flow
        from tasks t
        where t.next_dispatch_at is not null and t.offers = 0
          and (t.tenant_id, (-t.priority), coalesce(t.batch_id, '${NIL_UUID}'::uuid)) > (f.tenant_id, f.rank, f.flow)
        order by t.tenant_id, (-t.priority), coalesce(t.batch_id, '${NIL_UUID}'::uuid)
        limit 1
      ) next
      where f.n < $2::integer
    ), tenant_rooms as materialized (
      select f.tenant_id, coalesce(q.weight, 1) as weight, coalesce(q.paused, false) as paused,
        case when q.max_running is not null then q.max_running
          - (select count(*) from tasks t where t.tenant_id = f.tenant_id and t.incarnation is not null)
          - (select count(*) from tasks t
              where t.tenant_id = f.tenant_id and t.next_dispatch_at is not null and t.offers > 0) end::integer as room
      from (select distinct tenant_id from flows) f left join tenant_queues q on q.tenant_id = f.tenant_id
    ), flow_rooms as materialized (
      select f.flow, b.concurrency
          - (select count(*) from tasks t
              where t.tenant_id = b.tenant_id and t.batch_id = b.id and t.incarnation is not null)
          - (select count(*) from tasks t
              where t.tenant_id = b.tenant_id and t.batch_id = b.id and t.next_dispatch_at is not null and t.offers > 0)
          as room
      from (select distinct flow from flows) f join batches b on b.id = f.flow and b.concurrency is not null
    )
    select f.tenant_id, tr.weight, f.rank, f.flow, tr.room as tenant_room, fr.room::integer as flow_room,
      case when tr.paused or tr.room <= 0 or fr.room <= 0 then array[]::uuid[] else array(
        select t.id
        from tasks t
        where t.tenant_id = f.tenant_id and (-t.priority) = f.rank and coalesce(t.batch_id, '${NIL_UUID}'::uuid) = f.flow
          and t.next_dispatch_at is not null and t.offers = 0
        order by t.id
        limit $1::integer
      ) end as task_ids
    from flows f
      join tenant_rooms tr on tr.tenant_id = f.tenant_id
      left join flow_rooms fr on fr.flow = f.flow
    order by f.tenant_id, f.rank, f.flow`,
};

/**
 * The flows with tasks that have not been offered yet, by tenant and rank. `next` is where another look goes on when
 * there are more flows than `maxFlows`.
 */
export async function findBacklog(
  db: Queryable,
  options: { maxFlows: number; maxTasksPerFlow: number; after: BacklogCursor | undefined },
): Promise<{ flows: BacklogFlow[]; next: BacklogCursor | undefined }> {
  const after = options.after ?? BEGINNING;
  const rows = await runQuery<Row>(db, statement, [
    options.maxTasksPerFlow,
    options.maxFlows,
    after.tenantUuid,
    after.rank,
    after.flow,
  ]);
  const last = rows.length === options.maxFlows ? rows.at(-1) : undefined;
  return {
    flows: rows.map((row) => ({
      tenantId: fromUuid('tenant', row.tenant_id),
      weight: row.weight,
      rank: row.rank,
      flow: row.flow,
      tenantRoom: row.tenant_room ?? undefined,
      flowRoom: row.flow_room ?? undefined,
      taskIds: row.task_ids.map((id) => fromUuid('task', id)),
    })),
    next: last && { tenantUuid: last.tenant_id, rank: last.rank, flow: last.flow },
  };
}
