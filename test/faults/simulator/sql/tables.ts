import type { Weaknesses } from '../weaknesses.ts';

/** Times are ms since 1970, ids are UUIDs, JSON text is text: what the tables of migrations/ hold, as far as it matters. */
export interface Head {
  task_id: string;
  tenant_id: string;
  status: string;
  epoch: number;
  next_seq: number;
  flush_no: number;
  open_turn_seq: number | null;
  cancel_requested_at: number | null;
  progress: string | null;
  signal_no: number;
}

export interface Task {
  id: string;
  tenant_id: string;
  agent: string;
  agent_version: string | null;
  journal_version: number | null;
  input: string;
  priority: number;
  limits: string;
  metadata: string;
  deadline_at: number | null;
  waiting_for: string | null;
  wake_at: number | null;
  run: number;
  incarnation: string | null;
  dispatch_no: number;
  next_dispatch_at: number | null;
  offers: number;
  offered_at_submit: boolean;
  attempts: number;
  suspicion: number;
  guilt: number;
  deaths: number;
  isolated: boolean;
  history: string;
  usage: string | null;
  result: string | null;
  stop_reason: string | null;
  failure: string | null;
  dead_letter_id: string | null;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface EventRecord {
  task_id: string;
  first_seq: number;
  last_seq: number;
  epoch: number;
  flush_no: number | null;
  types: string[];
  visibility: string;
  payload: string;
}

export interface Step {
  task_id: string;
  run: number;
  step_key: string;
  id: string;
  turn: number;
  position: number;
  kind: string;
  name: string;
  status: string;
  effect_class: string | null;
  idempotency_key: string | null;
  input_hash: string | null;
  content: string | null;
  failure: string | null;
  attempts: number;
  usage: string | null;
  epoch: number;
  started_at: string;
  finished_at: number | null;
}

export interface WorkerLife {
  incarnation: string;
  name: string;
  parent: string | null;
  capacity: number;
  lock_key: string;
  status: string;
  lease_until: number;
}

export interface DeadLetter {
  id: string;
  task_id: string;
  run: number;
  status: string;
  reason: string;
}

export interface Signal {
  n: number;
  kind: string;
  key: string | null;
  payload: string;
}

/** A run after the first; the places are null where it keeps all of its base. */
export interface Run {
  task_id: string;
  run: number;
  base_run: number;
  base_step: string | null;
  base_turn: number | null;
  base_position: number | null;
  mode: string;
}

export interface Tables {
  heads: Map<string, Head>;
  tasks: Map<string, Task>;
  events: Map<string, EventRecord[]>;
  steps: Map<string, Step[]>;
  signals: Map<string, Signal[]>;
  runs: Run[];
  workers: Map<string, WorkerLife>;
  deadLetters: DeadLetter[];
  idempotency: Map<string, { fingerprint: string; response_status: number; response: string }>;
  leader: { incarnation: string; lease_until: number } | undefined;
}

export function createTables(): Tables {
  return {
    heads: new Map(),
    tasks: new Map(),
    events: new Map(),
    steps: new Map(),
    signals: new Map(),
    runs: [],
    workers: new Map(),
    deadLetters: [],
    idempotency: new Map(),
    leader: undefined,
  };
}

/** What a statement sees when it runs: the committed tables, and which heads other statements have locked. */
export interface Snapshot {
  tables: Tables;
  now: number;
  weak: Weaknesses;
  isLocked(taskId: string): boolean;
  /** Session locks of workers, by key. */
  isLockHeld(lockKey: string): boolean;
}

export type Row = Record<string, unknown>;

/** What a statement does: its answer, the heads it locks until its commit, and what its commit writes. */
export interface Executed {
  rows: Row[];
  locks: string[];
  commit(): void;
}

/** `blocked`: it waits for a lock that somebody else has. */
export type Statement = (snapshot: Snapshot, values: readonly unknown[]) => Executed | 'blocked';

/** A statement that locks nothing and is over at once. */
export function atOnce(rows: Row[], commit: () => void = () => undefined): Executed {
  return { rows, locks: [], commit };
}

export function logEvents(tables: Tables, record: EventRecord): void {
  const log = tables.events.get(record.task_id) ?? [];
  tables.events.set(record.task_id, log);
  log.push(record);
}

/** In the order of a btree of UUIDs. */
export function byId(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
