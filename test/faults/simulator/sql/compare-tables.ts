import type { Pool } from '../../../../packages/store/src/index.ts';
import type { Tables } from './tables.ts';

/** Two databases are asked one after the other: their clocks are read at different moments. */
const TOLERANCE_MS = 5_000;
const MOMENT = /@\d{13}/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What is compared, by table; the columns are those the model has. */
const COLUMNS = {
  task_heads: `task_id, tenant_id, status, epoch, next_seq, flush_no, open_turn_seq, cancel_requested_at, progress, signal_no`,
  tasks: `id, tenant_id, agent, agent_version, journal_version, input, priority, deadline_at, waiting_for, wake_at, run, incarnation,
    dispatch_no, next_dispatch_at, offers, offered_at_submit, attempts, suspicion, guilt, deaths, isolated, history, usage,
    result, stop_reason, failure, dead_letter_id, started_at, finished_at`,
  task_events: `task_id, first_seq, last_seq, epoch, flush_no, types, visibility, payload`,
  task_steps: `task_id, run, step_key, id, turn, position, kind, name, status, effect_class, idempotency_key, input_hash,
    content, failure, attempts, usage, epoch, finished_at`,
  task_signals: `task_id, n, kind, key, payload`,
  task_runs: `task_id, run, base_run, base_step, base_turn, base_position, mode`,
  dead_letters: `id, task_id, run, status, reason`,
  workers: `incarnation, name, parent, capacity, status, lease_until`,
} as const;

type Dump = Record<string, string[]>;

/** The tables as comparable text, one line a row. */
export async function dumpPostgres(pool: Pool): Promise<Dump> {
  const dump: Dump = {};
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const { rows } = await pool.query<Record<string, unknown>>(`select ${columns} from ${table}`);
    dump[table] = toLines(rows);
  }
  return dump;
}

export function dumpModel(tables: Tables): Dump {
  const flat = <T>(byTask: Map<string, T[]>) =>
    [...byTask].flatMap(([task_id, rows]) => rows.map((row) => ({ ...row, task_id })));
  const rows: Record<keyof typeof COLUMNS, object[]> = {
    task_heads: [...tables.heads.values()],
    tasks: [...tables.tasks.values()],
    task_events: flat(tables.events),
    task_steps: flat(tables.steps),
    task_signals: flat(tables.signals),
    task_runs: tables.runs,
    dead_letters: tables.deadLetters,
    workers: [...tables.workers.values()],
  };
  return Object.fromEntries(
    Object.entries(COLUMNS).map(([table, columns]) => {
      const names = columns.split(',').map((name) => name.trim());
      const picked = rows[table as keyof typeof COLUMNS].map((row) =>
        Object.fromEntries(names.map((name) => [name, toColumn(name, Reflect.get(row, name))])),
      );
      return [table, toLines(picked)];
    }),
  );
}

/** Times of the model are numbers; those of Postgres arrive as dates. */
function toColumn(name: string, value: unknown): unknown {
  return typeof value === 'number' && /_at$|_until$/.test(name) ? new Date(value) : value;
}

function toLines(rows: readonly Record<string, unknown>[]): string[] {
  return rows
    .map((row) => JSON.stringify(toComparable(row)))
    .sort((a, b) => (withoutTimes(a) < withoutTimes(b) ? -1 : 1));
}

/** The value with every JSON in it read and its keys sorted, and with times as `@<ms>`. */
export function toComparable(value: unknown): unknown {
  if (value instanceof Date) return `@${value.getTime()}`;
  if (Array.isArray(value)) return value.map(toComparable);
  if (typeof value === 'string') return toComparableText(value);
  if (value === null || typeof value !== 'object') return value ?? null;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, toComparable(field)]),
  );
}

function toComparableText(text: string): unknown {
  if (TIME.test(text)) return toComparable(new Date(text));
  if (!/^[[{]/.test(text)) return text;
  try {
    return text.split('\n').map((line) => toComparable(JSON.parse(line)));
  } catch {
    return text;
  }
}

/** Whether two comparable texts say the same, at about the same times. */
export function isSameText(a: string, b: string): boolean {
  if (withoutTimes(a) !== withoutTimes(b)) return false;
  const times = a.match(MOMENT) ?? [];
  const others = b.match(MOMENT) ?? [];
  return times.every((time, i) => Math.abs(Number(time.slice(1)) - Number(others[i]?.slice(1))) < TOLERANCE_MS);
}

function withoutTimes(text: string): string {
  return text.replaceAll(MOMENT, '@');
}
