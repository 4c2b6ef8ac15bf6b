import { type DeadLetter, type Executed, type Head, logEvents, type Row, type Snapshot, type Step } from './tables.ts';

interface Input {
  taskId: string;
  epoch: number;
  flushNo: number;
  eventCount: number;
  types: string;
  visibility: string;
  payload: string;
  openTurn: number | null;
  progress: string | null;
  to: string | null;
  signalNo: number | null;
}

interface Change {
  task_id: string;
  task_epoch: number;
  agent_version?: string;
  journal_version?: number;
  clear_suspicion: boolean;
  to_status?: string;
  waiting_for?: string;
  wake_in_ms?: number;
  result?: string;
  stop_reason?: string;
  failure?: string;
  usage?: string;
  attempts?: number;
  history?: string;
  dead_letter_id?: string;
  reason?: string;
}

type StepInput = Omit<Step, 'epoch' | 'finished_at'> & { task_epoch: number };

const FINAL = ['completed', 'failed', 'cancelled', 'expired'];

/** The model of packages/store/src/queries/flush-tasks.sql.ts; artifacts are not part of it. */
export function flushTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const { tables, weak } = snapshot;
  const inputs = toInputs(values);
  const steps = JSON.parse(String(values[10])) as StepInput[];
  const changes = JSON.parse(String(values[12])) as Change[];
  const locks = new Set(
    inputs.map(({ taskId }) => taskId).filter((id) => tables.heads.has(id) && !snapshot.isLocked(id)),
  );
  const accepted: { input: Input; firstSeq: number }[] = [];
  const rows = inputs.map((input): Row => {
    const head = tables.heads.get(input.taskId);
    const isLockedByUs = head !== undefined && locks.has(input.taskId);
    const isAccepted = isLockedByUs && isAcceptable(snapshot, head, input);
    if (isAccepted) accepted.push({ input, firstSeq: head.next_seq });
    const before = isAccepted ? undefined : findBefore(snapshot, input);
    return {
      task_id: input.taskId,
      verdict: isAccepted ? 'ok' : toVerdict(head, isLockedByUs, input, before !== undefined),
      first_seq: isAccepted ? head.next_seq : (before ?? null),
      cancel_requested: isLockedByUs && head.cancel_requested_at !== null,
      signal_no: isLockedByUs ? head.signal_no : null,
    };
  });
  return {
    rows,
    locks: weak.checkThenWrite ? [] : [...locks],
    commit() {
      for (const { input } of accepted) write(snapshot, input, steps, changes);
    },
  };
}

function toInputs(values: readonly unknown[]): Input[] {
  const [ids, epochs, flushNos, counts, types, visibility, payloads, openTurns, progress, to] = values as [
    string[],
    number[],
    number[],
    number[],
    string[],
    string[],
    string[],
    (number | null)[],
    (string | null)[],
    (string | null)[],
  ];
  const signalNos = values[13] as (number | null)[];
  return ids.map((taskId, i) => ({
    taskId,
    epoch: epochs[i] ?? 0,
    flushNo: flushNos[i] ?? 0,
    eventCount: counts[i] ?? 0,
    types: types[i] ?? '',
    visibility: visibility[i] ?? '',
    payload: payloads[i] ?? '',
    openTurn: openTurns[i] ?? null,
    progress: progress[i] ?? null,
    to: to[i] ?? null,
    signalNo: signalNos[i] ?? null,
  }));
}

function isAcceptable({ weak }: Snapshot, head: Head, input: Input): boolean {
  if (weak.noFence) return head.status === 'running';
  const isNext = weak.noFlushNo ? head.flush_no >= input.flushNo - 1 : head.flush_no === input.flushNo - 1;
  const isOurs = head.epoch === input.epoch && isNext && head.status === 'running';
  return isOurs && !(isCancelFirst(head, input) && !weak.cancelIgnored) && !isSignalFirst(head, input);
}

function isCancelFirst(head: Head, { to }: Input): boolean {
  return head.cancel_requested_at !== null && to !== null && ['completed', 'failed', 'waiting'].includes(to);
}

function isSignalFirst(head: Head, { signalNo }: Input): boolean {
  return signalNo !== null && head.signal_no > signalNo;
}

function toVerdict(head: Head | undefined, isLockedByUs: boolean, input: Input, isLogged: boolean): string {
  if (!head) return 'fenced';
  if (!isLockedByUs) return 'busy';
  const isThisEpoch = head.epoch === input.epoch;
  if (isThisEpoch && head.flush_no === input.flushNo) return input.eventCount > 0 && !isLogged ? 'busy' : 'repeated';
  const isNext = head.flush_no === input.flushNo - 1;
  if (!isThisEpoch || !isNext || head.status !== 'running') return 'fenced';
  return isCancelFirst(head, input) ? 'cancel_first' : 'signal_first';
}

function findBefore({ tables }: Snapshot, input: Input): number | undefined {
  const log = tables.events.get(input.taskId) ?? [];
  return log.findLast((row) => row.epoch === input.epoch && row.flush_no === input.flushNo)?.first_seq;
}

function write(snapshot: Snapshot, input: Input, steps: readonly StepInput[], changes: readonly Change[]): void {
  const { tables } = snapshot;
  const head = tables.heads.get(input.taskId);
  if (!head) return;
  const firstSeq = head.next_seq;
  head.next_seq += input.eventCount;
  head.flush_no = input.flushNo;
  if (input.openTurn !== null) head.open_turn_seq = input.openTurn < 0 ? null : firstSeq + input.openTurn;
  head.progress = input.progress ?? head.progress;
  head.status = input.to ?? head.status;
  if (input.eventCount > 0) {
    logEvents(tables, {
      task_id: input.taskId,
      first_seq: firstSeq,
      last_seq: head.next_seq - 1,
      epoch: input.epoch,
      flush_no: input.flushNo,
      types: input.types.split(','),
      visibility: input.visibility,
      payload: input.payload,
    });
  }
  const isOurs = (row: { task_id: string; task_epoch: number }) =>
    row.task_id === input.taskId && row.task_epoch === input.epoch;
  for (const step of steps.filter(isOurs)) writeStep(snapshot, step);
  for (const change of changes.filter(isOurs)) writeChange(snapshot, change);
}

function writeStep({ tables, now, weak }: Snapshot, { task_epoch: epoch, ...step }: StepInput): void {
  const journal = tables.steps.get(step.task_id) ?? [];
  tables.steps.set(step.task_id, journal);
  const old = journal.find((row) => row.run === step.run && row.step_key === step.step_key);
  const finished_at = step.status === 'intent' ? null : now;
  const { status, attempts } = step;
  const content = step.content ?? null;
  const failure = step.failure ?? null;
  const usage = step.usage ?? null;
  if (!old) {
    const { effect_class = null, idempotency_key = null, input_hash = null } = step;
    journal.push({ ...step, effect_class, idempotency_key, input_hash, content, failure, usage, epoch, finished_at });
  } else if (old.status === 'intent' || weak.settledRewritten) {
    Object.assign(old, { status, content, failure, attempts, usage, epoch, finished_at });
  }
}

function writeChange({ tables, now }: Snapshot, change: Change): void {
  const task = tables.tasks.get(change.task_id);
  if (!task) return;
  const to = change.to_status;
  task.agent_version ??= change.agent_version ?? null;
  task.journal_version = change.journal_version ?? task.journal_version;
  if (change.clear_suspicion) {
    task.suspicion = 0;
    if (task.guilt === 0) task.isolated = false;
  }
  if (to !== undefined) task.incarnation = null;
  task.next_dispatch_at = to === 'queued' ? now : null;
  if (to === 'queued') task.offers = 1;
  task.waiting_for = change.waiting_for ?? null;
  task.wake_at = change.wake_in_ms === undefined ? null : now + change.wake_in_ms;
  task.result = change.result ?? task.result;
  task.stop_reason = change.stop_reason ?? task.stop_reason;
  task.failure = change.failure ?? task.failure;
  task.usage = change.usage ?? task.usage;
  task.attempts = change.attempts ?? task.attempts;
  task.history = change.history ?? task.history;
  task.dead_letter_id = change.dead_letter_id ?? task.dead_letter_id;
  task.finished_at = to !== undefined && FINAL.includes(to) ? now : null;
  if (change.dead_letter_id === undefined) return;
  const letter: DeadLetter = {
    id: change.dead_letter_id,
    task_id: task.id,
    run: task.run,
    status: 'open',
    reason: change.reason ?? '',
  };
  tables.deadLetters.push(letter);
}
