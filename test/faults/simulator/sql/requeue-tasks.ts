import { ISOLATING_SUSPICION, MAX_GUILTY_SUSPICION } from '../../../../packages/domain/src/index.ts';
import { moveHeads } from './move-tasks.ts';
import { type Executed, type Head, logEvents, type Snapshot, type Task } from './tables.ts';

/** Suspicion from which a task comes back later and later. */
const LATER_FROM = 3;
const MAX_DEATHS_IN_HISTORY = 20;

/** The model of requeue-orphans.ts and requeue-tasks.sql.ts. */
export function requeueOrphans(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [maxGuilt, maxSuspicion, maxTasks] = values as [number, number, number];
  const { workers } = snapshot.tables;
  const isOrphan = (task: Task) => task.incarnation !== null && workers.get(task.incarnation)?.status !== 'alive';
  return moveHeads(
    snapshot,
    (head, task) => isOrphan(task) && head.status === 'running',
    () => true,
    (head, task) => {
      const owner = workers.get(task.incarnation ?? '');
      const died = owner?.status === 'stopped' ? 0 : 1;
      const suspicion = task.suspicion + died;
      const isLater =
        suspicion >= LATER_FROM &&
        died === 1 &&
        head.cancel_requested_at === null &&
        suspicion < maxSuspicion &&
        task.guilt < maxGuilt &&
        !(task.guilt > 0 && suspicion >= MAX_GUILTY_SUSPICION);
      const wakeInMs = isLater ? 1_000 * Math.min(2 ** Math.min(suspicion - LATER_FROM, 10), 300) : undefined;
      const death = { alone: (owner?.parent ?? null) !== null, worker: owner?.name ?? null, cause: 'worker_lost' };
      requeue(snapshot, head, task, { died, suspicion, wakeInMs, death });
      const { id, guilt, deaths } = task;
      const log = snapshot.tables.events.get(id)?.at(-1);
      const logged = isLater && log ? { seq: log.first_seq, payload: log.payload } : { seq: null, payload: null };
      return { id, suspicion, guilt, deaths, ...logged };
    },
    maxTasks,
  );
}

function requeue(
  { tables, now }: Snapshot,
  head: Head,
  task: Task,
  end: { died: number; suspicion: number; wakeInMs: number | undefined; death: object },
): void {
  const { died, suspicion, wakeInMs, death } = end;
  const at = new Date(now).toISOString();
  const history = JSON.parse(task.history) as unknown[];
  if (died === 1 && task.deaths < MAX_DEATHS_IN_HISTORY) history.push({ epoch: head.epoch, at, death });
  Object.assign(task, {
    incarnation: null,
    suspicion,
    deaths: task.deaths + died,
    isolated: task.isolated || (died === 1 && suspicion >= ISOLATING_SUSPICION),
    history: JSON.stringify(history),
    next_dispatch_at: wakeInMs === undefined ? now : null,
    offers: wakeInMs === undefined ? 1 : 0,
    waiting_for: wakeInMs === undefined ? null : 'retry',
    wake_at: wakeInMs === undefined ? null : now + wakeInMs,
  });
  head.status = wakeInMs === undefined ? 'queued' : 'waiting';
  if (wakeInMs === undefined) return;
  const wakeAt = new Date(now + wakeInMs).toISOString();
  const data = { waiting_for: 'retry', wake_at: wakeAt, attempts: task.attempts, deaths: task.deaths };
  logEvents(tables, {
    task_id: head.task_id,
    first_seq: head.next_seq,
    last_seq: head.next_seq,
    epoch: head.epoch,
    flush_no: null,
    types: ['task.waiting'],
    visibility: 'u',
    payload: JSON.stringify({ type: 'task.waiting', epoch: head.epoch, created_at: at, data }),
  });
  head.next_seq += 1;
}
