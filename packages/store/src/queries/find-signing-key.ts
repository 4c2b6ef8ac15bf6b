import { fromUuid, type KeyId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { ApiKey } from './find-api-key.ts';

const statement = {
  name: 'find-signing-key',
  text: `
    select id, tenant_id, name, scopes, sha256
    from api_keys
    where id = $1::uuid and revoked_at is null and (expires_at is null or expires_at > now())`,
};

/** A valid key by its id, with the digest that its stream tokens are signed with: they end when the key does. */
export async function findSigningKey(
  db: Queryable,
  keyId: KeyId,
): Promise<{ apiKey: ApiKey; sha256: Buffer } | undefined> {
  const [row] = await runQuery<{ id: string; tenant_id: string; name: string; scopes: string[]; sha256: Buffer }>(
    db,
    statement,
    [toUuid(keyId)],
  );
  if (!row) return undefined;
  return {
    apiKey: {
      id: fromUuid('key', row.id),
      tenantId: fromUuid('tenant', row.tenant_id),
      name: row.name,
      scopes: row.scopes,
    },
    sha256: row.sha256,
  };
}
