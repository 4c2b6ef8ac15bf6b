import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dumpSchema } from '../../../packages/store/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';

const SCHEMA_FILE = path.resolve(import.meta.dirname, '../../../migrations/schema.sql');
const HEADER = `-- What the migrations add up to, for reading and for review. Written by "npm run schema:dump" from the catalog of a
-- migrated database; a test compares it. To change the schema, add a migration.
`;

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

describe('dumpSchema', () => {
  it('of the migrated database equals migrations/schema.sql', async () => {
    const schema = `${HEADER}\n${await dumpSchema(client)}`;
    await expect(schema, 'migrations/schema.sql is out of date: run "npm run schema:dump"').toMatchFileSnapshot(
      SCHEMA_FILE,
    );
  });

  it('gives the same text every time', async () => {
    expect(await dumpSchema(client)).toBe(await dumpSchema(client));
  });

  it('shows a changed column, constraint, index, comment and right', async () => {
    const before = new Set((await dumpSchema(client)).split('\n'));
    await client.query(`
      alter table batches add column colour text default 'red', add constraint batches_total check (total >= 0);
      create unique index batches_colour on batches (colour desc) where colour is not null;
      comment on column batches.colour is 'an artist''s choice';
      grant references on batches to nightshift_api`);
    const added = (await dumpSchema(client)).split('\n').filter((line) => !before.has(line));
    expect(added.map((line) => line.trim().replace(/,$/, ''))).toEqual([
      "colour text default 'red'::text",
      'constraint batches_concurrency CHECK (concurrency > 0)',
      'constraint batches_total CHECK (total >= 0)',
      'create unique index batches_colour on batches using btree (colour DESC) where colour IS NOT NULL;',
      "comment on column batches.colour is 'an artist''s choice';",
      'grant delete, insert, references, select, update on batches to nightshift_api;',
    ]);
  });
});
