import { createHash } from 'node:crypto';
import { fromUuid, type KeyId, type TenantId } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';

export interface ApiKey {
  id: KeyId;
  tenantId: TenantId;
  name: string;
  scopes: string[];
}

const statement = {
  name: 'find-api-key',
  text: `
    select id, tenant_id, name, scopes
    from api_keys
    where sha256 = $1::bytea and revoked_at is null and (expires_at is null or expires_at > now())`,
};

/** The key with this secret, if it is valid now. Only its sha256 is stored and compared. */
export async function findApiKey(db: Queryable, secret: string): Promise<ApiKey | undefined> {
  const [row] = await runQuery<{ id: string; tenant_id: string; name: string; scopes: string[] }>(db, statement, [
    createHash('sha256').update(secret).digest(),
  ]);
  if (!row) return undefined;
  return {
    id: fromUuid('key', row.id),
    tenantId: fromUuid('tenant', row.tenant_id),
    name: row.name,
    scopes: row.scopes,
  };
}
