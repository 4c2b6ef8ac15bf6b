import { type Json, type TenantId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface StoredAnswer {
  fingerprint: string;
  status: number;
  body: Json;
}

const statement = {
  name: 'find-idempotent-answer',
  text: `
    select fingerprint, response_status, response
    from idempotency_keys
    where tenant_id = $1::uuid and route = $2 and key = $3`,
};

/** The answer that was stored with the first request that carried the key. */
export async function findIdempotentAnswer(
  db: Queryable,
  scope: { tenantId: TenantId; route: string; key: string },
): Promise<StoredAnswer | undefined> {
  const [row] = await runQuery<{ fingerprint: string; response_status: number; response: string }>(db, statement, [
    toUuid(scope.tenantId),
    scope.route,
    scope.key,
  ]);
  return row && { fingerprint: row.fingerprint, status: row.response_status, body: JSON.parse(row.response) as Json };
}
