import { type Executed, type Head, logEvents, type Snapshot, type Task } from './tables.ts';

/** The model of packages/store/src/queries/replay-task.ts for `resume`, without its audit row. */
export function replayTask(snapshot: Snapshot, values: readonly unknown[]): Executed | 'blocked' {
  const [taskId, tenantId, askedRun, finals, line] = values as [string, string, number | null, string[], string];
  const { tables, now } = snapshot;
  const head = tables.heads.get(taskId);
  const task = tables.tasks.get(taskId);
  if (!head || !task || head.tenant_id !== tenantId) return { rows: [], locks: [], commit: () => undefined };
  if (snapshot.isLocked(taskId)) return 'blocked';
  const verdict = decide(head, task, askedRun, finals);
  const answered = { answered_mode: 'resume', answered_step: null };
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
  const seq = head.next_seq;
  const run = task.run + 1;
  const dispatch_no = task.dispatch_no + 1;
  const payload = line.replace('"epoch":0', `"epoch":${head.epoch}`).replace('"run":0', `"run":${run}`);
  return {
    rows: [{ ...base, run, seq, payload, dispatch_no }],
    locks: [taskId],
    commit() {
      Object.assign(head, { status: 'queued', cancel_requested_at: null, open_turn_seq: null, next_seq: seq + 1 });
      const types = ['task.replayed'];
      const { epoch } = head;
      logEvents(tables, {
        task_id: taskId,
        first_seq: seq,
        last_seq: seq,
        epoch,
        flush_no: null,
        types,
        visibility: 'u',
        payload,
      });
      const isLate = task.deadline_at !== null && task.deadline_at <= now;
      const wasPoison = tables.deadLetters.some(
        (letter) => letter.task_id === taskId && letter.run === run - 1 && letter.reason === 'poison',
      );
      const deaths = wasPoison ? task.deaths : 0;
      const isolated = wasPoison;
      Object.assign(task, RESET, { run, dispatch_no, next_dispatch_at: now + 30_000, isolated, deaths });
      if (isLate && task.deadline_at !== null) task.deadline_at = now + (task.deadline_at - task.created_at);
      tables.runs.push({ task_id: taskId, run, base_run: run - 1 });
      for (const letter of tables.deadLetters) {
        if (letter.task_id === taskId && letter.run === run - 1 && letter.status === 'open') letter.status = 'replayed';
      }
    },
  };
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

function decide(head: Head, task: Task, askedRun: number | null, finals: readonly string[]): string {
  if (askedRun !== null && askedRun > task.run) return 'ahead';
  if (askedRun !== null && askedRun < task.run) return 'same';
  if (finals.includes(head.status)) return 'replayed';
  return task.run > 1 && askedRun === null ? 'same' : 'not_final';
}
