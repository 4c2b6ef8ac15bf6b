import type { Queryable } from './open-pool.ts';

/** The migrator's own record is made by the migrator, not by a migration. */
const OWN_TABLE = 'schema_migrations';

const COLUMNS = `
  select c.relname as table_name, c.reloptions as options, obj_description(c.oid, 'pg_class') as table_comment,
    a.attname as column_name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as is_required,
    pg_get_expr(d.adbin, d.adrelid) as default_value, col_description(c.oid, a.attnum) as comment
  from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and c.relname <> $1
  order by c.relname collate "C", a.attnum`;

// Postgres 18 also keeps NOT NULL as constraints (contype 'n'); the columns already say it.
const CONSTRAINTS = `
  select c.relname as table_name, k.conname as name, pg_get_constraintdef(k.oid, true) as definition
  from pg_constraint k join pg_class c on c.oid = k.conrelid
  where c.relnamespace = current_schema()::regnamespace and k.contype in ('p', 'u', 'f', 'c', 'x') and c.relname <> $1
  order by c.relname collate "C", position(k.contype in 'pufcx'), k.conname collate "C"`;

const INDEXES = `
  select t.relname as table_name, pg_get_indexdef(i.indexrelid, 0, true) as definition
  from pg_index i join pg_class t on t.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
  where t.relnamespace = current_schema()::regnamespace and t.relname <> $1
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
  order by t.relname collate "C", x.relname collate "C"`;

const GRANTS = `
  select c.relname as table_name, r.rolname as role_name,
    string_agg(lower(g.privilege_type), ', ' order by g.privilege_type) as privileges
  from pg_class c cross join lateral aclexplode(c.relacl) g join pg_roles r on r.oid = g.grantee
  where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and c.relname <> $1
    and g.grantee <> c.relowner
  group by c.relname, r.rolname
  order by c.relname collate "C", r.rolname collate "C"`;

interface ColumnRow {
  table_name: string;
  options: string[] | null;
  table_comment: string | null;
  column_name: string;
  type: string;
  is_required: boolean;
  default_value: string | null;
  comment: string | null;
}

interface TablePart {
  table_name: string;
  definition: string;
}

/**
 * What the tables of the current schema look like now, as readable SQL: columns in their order, then constraints,
 * indexes, comments and grants, sorted. The same database always gives the same text, so that a change of the schema
 * is one readable diff. Read from the catalog: the bundled Postgres has no `pg_dump`.
 */
export async function dumpSchema(db: Queryable): Promise<string> {
  const columns = await db.query<ColumnRow>(COLUMNS, [OWN_TABLE]);
  const constraints = await db.query<TablePart & { name: string }>(CONSTRAINTS, [OWN_TABLE]);
  const indexes = await db.query<TablePart>(INDEXES, [OWN_TABLE]);
  const grants = await db.query<{ table_name: string; role_name: string; privileges: string }>(GRANTS, [OWN_TABLE]);
  const tables = [...new Set(columns.rows.map((row) => row.table_name))].map((table) => {
    const isOfTable = (row: { table_name: string }) => row.table_name === table;
    return [
      writeTable(columns.rows.filter(isOfTable), constraints.rows.filter(isOfTable)),
      ...indexes.rows.filter(isOfTable).map((index) => `${lowerKeywords(index.definition)};`),
      ...writeComments(columns.rows.filter(isOfTable)),
      ...grants.rows.filter(isOfTable).map((row) => `grant ${row.privileges} on ${table} to ${row.role_name};`),
    ].join('\n');
  });
  return `${tables.join('\n\n')}\n`;
}

function writeTable(
  columns: readonly ColumnRow[],
  constraints: readonly { name: string; definition: string }[],
): string {
  const lines = [
    ...columns.map((column) => {
      const initial = column.default_value === null ? '' : ` default ${column.default_value}`;
      return `${column.column_name} ${column.type}${column.is_required ? ' not null' : ''}${initial}`;
    }),
    ...constraints.map((constraint) => `constraint ${constraint.name} ${constraint.definition}`),
  ];
  const options = columns[0]?.options;
  const suffix = options ? ` with (${[...options].sort().join(', ')})` : '';
  return `create table ${columns[0]?.table_name} (\n  ${lines.join(',\n  ')}\n)${suffix};`;
}

function writeComments(columns: readonly ColumnRow[]): string[] {
  const table = columns[0];
  const onTable = table?.table_comment
    ? [`comment on table ${table.table_name} is ${quote(table.table_comment)};`]
    : [];
  const onColumns = columns
    .filter((column) => column.comment !== null)
    .map((column) => `comment on column ${column.table_name}.${column.column_name} is ${quote(column.comment ?? '')};`);
  return [...onTable, ...onColumns];
}

/** The name of the schema is where it happens to live, not part of what it is. */
function lowerKeywords(definition: string): string {
  return definition
    .replace(/^CREATE (UNIQUE )?INDEX (\S+) ON (?:\S+\.)?(\S+) USING /, (_, unique, name, table) => {
      return `create ${unique ? 'unique ' : ''}index ${name} on ${table} using `;
    })
    .replace(' WHERE ', ' where ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
