import { findVisibleSteps } from './journal-chain.ts';
import { atOnce, type Executed, type Snapshot, type Task } from './tables.ts';

/** The model of read-steps.ts: the steps of a run and of those it resumes. */
export function readSteps({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const [taskId, run] = values as [string, number];
  const steps = findVisibleSteps(tables, taskId, run);
  const rows = [...steps]
    .sort((a, b) => a.turn - b.turn || a.position - b.position || a.run - b.run)
    .map((step) => ({
      ...step,
      started_at: new Date(step.started_at),
      finished_at: step.finished_at === null ? null : new Date(step.finished_at),
    }));
  return atOnce(rows);
}

/** The model of read-dropped-usage.ts. */
export function readDroppedUsage({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const [taskId, run] = values as [string, number];
  const kept = new Set(findVisibleSteps(tables, taskId, run));
  const dropped = (tables.steps.get(taskId) ?? []).filter((step) => step.usage !== null && !kept.has(step));
  return atOnce(dropped.map(({ usage }) => ({ usage })));
}

/** The model of read-signals.ts. */
export function readSignals({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const [taskId, after] = values as [string, number];
  const signals = (tables.signals.get(taskId) ?? []).filter(({ n }) => n > after);
  return atOnce(signals.map((signal) => ({ ...signal })));
}

/** The model of read-events.ts. */
export function readEvents({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const [taskId, after, maxRows] = values as [string, number, number];
  const rows = (tables.events.get(taskId) ?? []).filter((row) => row.last_seq > after);
  const ordered = [...rows].sort((a, b) => a.last_seq - b.last_seq).slice(0, maxRows);
  return atOnce(
    ordered.map(({ first_seq, last_seq, types, visibility, payload }) => ({
      first_seq,
      last_seq,
      types,
      visibility,
      payload,
    })),
  );
}

/** The model of read-log-page.ts; nothing is old enough here to be taken by retention. */
export function readLogPage(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [taskId, after, maxRows, maxBytes] = values as [string, number, number, number];
  if (!snapshot.tables.tasks.has(taskId)) return atOnce([]);
  const rows = (snapshot.tables.events.get(taskId) ?? []).filter((row) => row.last_seq > after);
  const ordered = [...rows].sort((a, b) => a.last_seq - b.last_seq).slice(0, maxRows);
  let bytes = 0;
  const page = ordered.filter((row) => {
    const fits = bytes < maxBytes;
    bytes += Buffer.byteLength(row.payload);
    return fits;
  });
  const none = { first_seq: null, last_seq: null, types: null, visibility: null, payload: null };
  const shown = page.map(({ first_seq, last_seq, types, visibility, payload }) => ({
    first_seq,
    last_seq,
    types,
    visibility,
    payload,
  }));
  return atOnce((shown.length > 0 ? shown : [none]).map((row) => ({ purged_seq: 0, ...row })));
}

/** The model of read-tails.ts. */
export function readTails({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const heads = (values[0] as string[]).map((id) => tables.heads.get(id)).filter((head) => head !== undefined);
  return atOnce(heads.map(({ task_id, next_seq, status }) => ({ task_id, last_seq: next_seq - 1, status })));
}

/** The model of find-task-head.ts. */
export function findTaskHead({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const [taskId, tenantId] = values as [string, string];
  const head = tables.heads.get(taskId);
  if (!head || head.tenant_id !== tenantId) return atOnce([]);
  return atOnce([{ status: head.status, last_seq: head.next_seq - 1 }]);
}

/** The model of find-offered-tasks.ts; nobody pauses anything here. */
export function findOfferedTasks({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const offered = inOrderOfDispatch([...tables.tasks.values()].filter((task) => task.offers > 0));
  return atOnce(offered.slice(0, Number(values[0])).map(({ id }) => ({ id })));
}

/** The model of find-lapsed-offers.ts. */
export function findLapsedOffers({ tables, now }: Snapshot, values: readonly unknown[]): Executed {
  const offered = inOrderOfDispatch([...tables.tasks.values()].filter((task) => task.offers > 0));
  const lapsed = offered.filter((task) => (task.next_dispatch_at ?? 0) <= now);
  return atOnce(lapsed.slice(0, Number(values[0])).map(({ id }) => ({ id })));
}

/** The model of count-submit-offers.ts. */
export function countSubmitOffers({ tables }: Snapshot): Executed {
  const isSubmitOffer = (task: Task) =>
    task.next_dispatch_at !== null && task.offers === 1 && task.dispatch_no === 1 && task.offered_at_submit;
  return atOnce([{ offers: [...tables.tasks.values()].filter(isSubmitOffer).length }]);
}

/** The model of offer-tasks.ts. It is over at once, so that nobody meets its locks on `tasks`. */
export function offerTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [taskIds, seconds] = values as [string[], number[]];
  const { tables, now } = snapshot;
  const offered = taskIds
    .map((id) => tables.tasks.get(id))
    .filter((task) => task !== undefined)
    .filter((task) => task.next_dispatch_at !== null && !snapshot.isLocked(task.id));
  return atOnce(
    offered.map((task) => ({ id: task.id, dispatch_no: task.dispatch_no + 1 })),
    () => {
      for (const task of offered) {
        task.dispatch_no += 1;
        task.offers += 1;
        task.next_dispatch_at = now + 1_000 * (seconds[Math.min(task.offers, seconds.length) - 1] ?? 0);
      }
    },
  );
}

/**
 * What the offerer of packages/dispatch does in one transaction, without weights, caps and pauses: first what was offered
 * and not claimed in time, then what waits longest.
 */
export function chooseTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const { tables, now } = snapshot;
  const lapsed = findLapsedOffers(snapshot, values).rows.map(({ id }) => String(id));
  const backlog = [...tables.tasks.values()]
    .filter((task) => task.next_dispatch_at !== null && task.next_dispatch_at <= now && task.offers === 0)
    .map(({ id }) => id);
  return offerTasks(snapshot, [[...lapsed, ...backlog].slice(0, Number(values[0])), values[1]]);
}

function inOrderOfDispatch(tasks: Task[]): Task[] {
  return tasks
    .filter((task) => task.next_dispatch_at !== null)
    .sort((a, b) => (a.next_dispatch_at ?? 0) - (b.next_dispatch_at ?? 0));
}
