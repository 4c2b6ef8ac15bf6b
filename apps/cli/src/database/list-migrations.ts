import { type Queryable, readMigrations } from '@nightshift/store';

export interface MigrationStatus {
  readonly name: string;
  readonly appliedAt: Date | undefined;
}

/** The migrations of the folder, and those the database has beyond them, in order. */
export async function listMigrations(db: Queryable, folder: string): Promise<MigrationStatus[]> {
  const applied = await readApplied(db);
  const known = (await readMigrations(folder)).map(({ name }) => name);
  const newer = [...applied.keys()].filter((name) => !known.includes(name));
  return [...known, ...newer].map((name) => ({ name, appliedAt: applied.get(name) }));
}

async function readApplied(db: Queryable): Promise<Map<string, Date>> {
  const { rows: tables } = await db.query<{ found: boolean }>(
    `select to_regclass('schema_migrations') is not null as found`,
  );
  if (tables[0]?.found !== true) return new Map();
  const { rows } = await db.query<{ name: string; applied_at: Date }>(
    'select name, applied_at from schema_migrations order by version',
  );
  return new Map(rows.map(({ name, applied_at }) => [name, applied_at]));
}
