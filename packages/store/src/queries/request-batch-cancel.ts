import { type BatchId, createId, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

/** Notes the wish before any task is touched: whoever repeats the request goes on where the first one stopped. */
const statement = {
  name: 'request-batch-cancel',
  text: `
    with noted as (
      update batches set cancel_requested_at = now()
      where id = $1::uuid and tenant_id = $2::uuid and cancel_requested_at is null
      returning id
    )
    insert into audit_log (id, tenant_id, actor, action, target, reason)
    select $3::uuid, $2::uuid, $4, 'batch.cancel_requested', $5, $6 from noted`,
};

export async function requestBatchCancel(
  db: Queryable,
  request: { tenantId: TenantId; batchId: BatchId; actor: string; reason: string | undefined },
): Promise<void> {
  await runQuery(db, statement, [
    toUuid(request.batchId),
    toUuid(request.tenantId),
    toUuid(createId('audit')),
    request.actor,
    request.batchId,
    request.reason ?? null,
  ]);
}
