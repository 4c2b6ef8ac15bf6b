import { MAX_GUILTY_SUSPICION } from '../../../../packages/domain/src/index.ts';
import { byId, type Executed, type Head, logEvents, type Row, type Snapshot, type Task } from './tables.ts';

/** The model of packages/store/src/queries/claim-tasks.ts, without caps and pauses. */
export function claimTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [taskIds, incarnation, workerName, isShared, maxGuilt, maxSuspicion] = values as [
    string[],
    string,
    string,
    boolean,
    number,
    number,
  ];
  const { tables } = snapshot;
  const isAlive = tables.workers.get(incarnation)?.status === 'alive';
  const wanted = [...new Set(taskIds)]
    .sort(byId)
    .filter((id) => isAlive && tables.heads.get(id)?.status === 'queued' && tables.tasks.has(id));
  const commits: (() => void)[] = [];
  const locks: string[] = [];
  const rows = wanted.map((id): Row => {
    const head = tables.heads.get(id);
    const task = tables.tasks.get(id);
    if (!head || !task) return { id, epoch: null };
    const isCondemned =
      task.guilt >= maxGuilt ||
      task.suspicion >= maxSuspicion ||
      (task.guilt > 0 && task.suspicion >= MAX_GUILTY_SUSPICION);
    const is_suspect = isShared && task.isolated && !isCondemned;
    if (is_suspect || snapshot.isLocked(id)) return { id, is_suspect, epoch: null };
    locks.push(id);
    const claim = announce(snapshot, head, task, workerName);
    commits.push(() => {
      Object.assign(head, {
        epoch: claim.epoch,
        flush_no: 0,
        status: 'running',
        open_turn_seq: null,
        next_seq: claim.last_seq + 1,
      });
      Object.assign(task, {
        incarnation,
        next_dispatch_at: null,
        offers: 0,
        offered_at_submit: false,
        waiting_for: null,
        wake_at: null,
      });
      task.started_at ??= snapshot.now;
      const { epoch, first_seq, last_seq, types, visibility, payload } = claim;
      logEvents(tables, { task_id: id, epoch, flush_no: null, first_seq, last_seq, types, visibility, payload });
    });
    return { ...toClaimedRow(snapshot, task), ...claim, cancel_requested: head.cancel_requested_at !== null };
  });
  return {
    rows,
    locks,
    commit() {
      for (const commit of commits) commit();
    },
  };
}

function announce({ now, weak }: Snapshot, head: Head, task: Task, worker: string) {
  const epoch = weak.sameEpoch ? Math.max(1, head.epoch) : head.epoch + 1;
  const isVoiding = head.open_turn_seq !== null && !weak.noVoid;
  const common = { epoch, created_at: new Date(now).toISOString() };
  const type = epoch === 1 ? 'task.started' : 'task.resumed';
  const lines = [{ type, ...common, data: { run: task.run, attempt: task.attempts + 1, worker } } as object];
  if (isVoiding) {
    lines.push({ type: 'turn.voided', ...common, data: { from: head.open_turn_seq, to: head.next_seq - 1 } });
  }
  return {
    epoch,
    first_seq: head.next_seq,
    last_seq: head.next_seq + lines.length - 1,
    types: isVoiding ? [type, 'turn.voided'] : [type],
    visibility: 'u'.repeat(lines.length),
    payload: lines.map((line) => JSON.stringify(line)).join('\n'),
  };
}

function toClaimedRow({ now }: Snapshot, task: Task): Row {
  return {
    id: task.id,
    tenant_id: task.tenant_id,
    run: task.run,
    agent: task.agent,
    agent_version: task.agent_version,
    journal_version: task.journal_version,
    input: task.input,
    limits: JSON.parse(task.limits),
    metadata: JSON.parse(task.metadata),
    attempts: task.attempts,
    suspicion: task.suspicion,
    guilt: task.guilt,
    deaths: task.deaths,
    isolated: task.isolated,
    is_suspect: false,
    history: task.history,
    deadline_in_ms: task.deadline_at === null ? null : task.deadline_at - now,
    traceparent: null,
    created_at: new Date(task.created_at),
  };
}
