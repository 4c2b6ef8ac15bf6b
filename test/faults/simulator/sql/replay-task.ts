import { findVisibleSteps } from './journal-chain.ts';
import { type Executed, type Head, logEvents, type Snapshot, type Tables, type Task } from './tables.ts';

/** The model of packages/store/src/queries/replay-task.ts, without its audit row and without what retention removes. */
export function replayTask(snapshot: Snapshot, values: readonly unknown[]): Executed | 'blocked' {
  const [taskId, tenantId, askedRun, finals, line] = values as [string, string, number | null, string[], string];
  const [mode, stepId, versions] = values.slice(9, 12) as [string, string | null, string];
  const { tables } = snapshot;
  const head = tables.heads.get(taskId);
  const task = tables.tasks.get(taskId);
  if (!head || !task || head.tenant_id !== tenantId) return { rows: [], locks: [], commit: () => undefined };
  if (snapshot.isLocked(taskId)) return 'blocked';
  const begin = findBeginning(tables, task, mode, stepId);
  const deployed = (JSON.parse(versions) as Record<string, number>)[task.agent];
  const refusal =
    mode === 'restart'
      ? undefined
      : deployed !== undefined && task.journal_version !== null && task.journal_version !== deployed
        ? 'journal_version'
        : mode === 'from_step' && !begin
          ? 'no_such_step'
          : undefined;
  const verdict = decide(head, task, askedRun, finals, refusal);
  const run = task.run + 1;
  const seq = head.next_seq;
  const before = tables.runs.find((row) => row.task_id === taskId && row.run === (askedRun ?? task.run - 1) + 1);
  const answered = { answered_mode: before?.mode ?? null, answered_step: before?.base_step ?? null };
  const base = {
    verdict,
    status: head.status,
    run: task.run,
    seq: null,
    payload: null,
    dispatch_no: null,
    ...answered,
  };
  if (verdict !== 'replayed') return { rows: [base], locks: [taskId], commit: () => undefined };
  const dispatch_no = task.dispatch_no + 1;
  const payload = line.replace('"epoch":0', `"epoch":${head.epoch}`).replace('"run":0', `"run":${run}`);
  return {
    rows: [{ ...base, run, seq, payload, dispatch_no }],
    locks: [taskId],
    commit() {
      requeue(snapshot, head, task, { run, seq, dispatch_no, payload, mode });
      const [base_turn, base_position] = begin ? [begin.turn, begin.position] : [null, null];
      tables.runs.push({ task_id: taskId, run, base_run: run - 1, base_step: stepId, base_turn, base_position, mode });
    },
  };
}

/** Smaller than every position. */
const FIRST = -(2 ** 31);

function findBeginning(tables: Tables, task: Task, mode: string, stepId: string | null) {
  if (mode === 'restart') return { turn: 0, position: 0 };
  if (mode !== 'from_step') return undefined;
  const step = findVisibleSteps(tables, task.id, task.run).find(({ id }) => id === stepId);
  return step && { turn: step.turn, position: step.position <= 0 ? FIRST : step.position };
}

function requeue(
  { tables, now }: Snapshot,
  head: Head,
  task: Task,
  replay: { run: number; seq: number; dispatch_no: number; payload: string; mode: string },
): void {
  const { run, seq, dispatch_no, payload, mode } = replay;
  const { epoch, task_id } = head;
  Object.assign(head, { status: 'queued', cancel_requested_at: null, open_turn_seq: null, next_seq: seq + 1 });
  const types = ['task.replayed'];
  logEvents(tables, { task_id, first_seq: seq, last_seq: seq, epoch, flush_no: null, types, visibility: 'u', payload });
  const isLate = task.deadline_at !== null && task.deadline_at <= now;
  const old = tables.deadLetters.filter((letter) => letter.task_id === task_id && letter.run === run - 1);
  const isolated = old.some(({ reason }) => reason === 'poison');
  const deaths = isolated ? task.deaths : 0;
  const journal_version = mode === 'restart' ? null : task.journal_version;
  Object.assign(task, RESET, { run, dispatch_no, next_dispatch_at: now + 30_000, isolated, deaths, journal_version });
  if (isLate && task.deadline_at !== null) task.deadline_at = now + (task.deadline_at - task.created_at);
  for (const letter of old) if (letter.status === 'open') letter.status = 'replayed';
}

const RESET = {
  agent_version: null,
  offers: 0,
  waiting_for: null,
  wake_at: null,
  incarnation: null,
  attempts: 0,
  suspicion: 0,
  guilt: 0,
  history: '[]',
  result: null,
  stop_reason: null,
  failure: null,
  dead_letter_id: null,
  finished_at: null,
};

function decide(
  head: Head,
  task: Task,
  askedRun: number | null,
  finals: readonly string[],
  refusal: string | undefined,
): string {
  if (askedRun !== null && askedRun > task.run) return 'ahead';
  if (askedRun !== null && askedRun < task.run) return 'same';
  if (finals.includes(head.status)) return refusal ?? 'replayed';
  return task.run > 1 && askedRun === null ? 'same' : 'not_final';
}
