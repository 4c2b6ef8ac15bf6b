import { byId, type Executed, type Head, logEvents, type Row, type Snapshot } from './tables.ts';

/** The model of packages/store/src/queries/cancel-tasks.ts, without its audit rows. */
export function cancelTasks(snapshot: Snapshot, values: readonly unknown[]): Executed | 'blocked' {
  const [taskIds, tenantId, force, voidLine, cancelledLine, requestedLine] = values as [
    string[],
    string,
    boolean,
    string,
    string,
    string,
  ];
  const statuses = values[7] as string[];
  const { tables } = snapshot;
  const heads = [...new Set(taskIds)]
    .sort(byId)
    .map((id) => tables.heads.get(id))
    .filter((head) => head !== undefined)
    .filter((head) => head.tenant_id === tenantId);
  if (heads.some((head) => snapshot.isLocked(head.task_id))) return 'blocked';
  const commits: (() => void)[] = [];
  const rows = heads.map((head): Row => {
    const verdict = decide(snapshot, head, force, statuses);
    const isCancelled = verdict === 'cancelled';
    const base = { task_id: head.task_id, verdict, status: isCancelled ? 'cancelled' : head.status };
    if (verdict === 'final' || verdict === 'already_requested') {
      return { ...base, last_seq: head.next_seq - 1, first_seq: null, types: null, payload: null };
    }
    const epoch = head.epoch + (isCancelled && head.status === 'running' ? 1 : 0);
    const from = isCancelled ? head.open_turn_seq : null;
    const lines = [isCancelled ? cancelledLine : requestedLine];
    if (from !== null) {
      lines.unshift(voidLine.replace('"from":0', `"from":${from}`).replace('"to":0', `"to":${head.next_seq - 1}`));
    }
    const last = isCancelled ? 'task.cancelled' : 'task.cancel_requested';
    const types = from === null ? [last] : ['turn.voided', last];
    const payload = lines.map((line) => line.replace('"epoch":0', `"epoch":${epoch}`)).join('\n');
    const first_seq = head.next_seq;
    const last_seq = first_seq + lines.length - 1;
    commits.push(() => {
      head.epoch = epoch;
      head.cancel_requested_at ??= snapshot.now;
      head.next_seq = last_seq + 1;
      const visibility = 'u'.repeat(types.length);
      logEvents(tables, {
        task_id: head.task_id,
        first_seq,
        last_seq,
        epoch,
        flush_no: null,
        types,
        visibility,
        payload,
      });
      if (isCancelled) end(snapshot, head);
    });
    return { ...base, last_seq, first_seq, types, payload };
  });
  return {
    rows,
    locks: heads.map((head) => head.task_id),
    commit() {
      for (const commit of commits) commit();
    },
  };
}

function decide({ weak }: Snapshot, head: Head, force: boolean, statuses: readonly string[]): string {
  if (!statuses.includes(head.status) && !weak.cancelAlways) return 'final';
  if (head.status !== 'running' || force) return 'cancelled';
  return head.cancel_requested_at === null ? 'requested' : 'already_requested';
}

function end({ tables, now }: Snapshot, head: Head): void {
  head.status = 'cancelled';
  head.open_turn_seq = null;
  const task = tables.tasks.get(head.task_id);
  if (!task) return;
  Object.assign(task, {
    incarnation: null,
    waiting_for: null,
    wake_at: null,
    next_dispatch_at: null,
    finished_at: now,
  });
}
