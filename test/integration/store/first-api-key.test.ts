import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { findApiKey } from '../../../packages/store/src/index.ts';
import { createTestDatabase } from '../../support/test-database.ts';

const OPERATIONS = path.resolve(import.meta.dirname, '../../../docs/operations.md');

it('the statement in docs/operations.md makes a key that the API accepts', async () => {
  const sql = /```sql\n([\s\S]*?)```/.exec(await readFile(OPERATIONS, 'utf8'))?.[1] ?? '';
  const key = 'nsk_0123456789abcdef0123456789abcdef';
  const database = await createTestDatabase();
  const client = new pg.Client(database.url);
  try {
    await client.connect();
    await client.query(sql.replaceAll(":'key'", `'${key}'`));
    const found = await findApiKey(client, key);
    expect(found).toMatchObject({ name: 'first', scopes: expect.arrayContaining(['tasks:write', 'ops']) });
    expect(found?.tenantId).toMatch(/^tenant_/);
    expect(await findApiKey(client, `${key}0`)).toBeUndefined();
  } finally {
    await client.end();
    await database.drop();
  }
});
