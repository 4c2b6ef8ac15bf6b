import { byId, type Executed, type Head, logEvents, type Row, type Snapshot, type Task } from './tables.ts';

/** The model of release-tasks.ts: hands tasks back whose epoch is still the one that is named. */
export function releaseTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [taskIds, epochs] = values as [string[], number[]];
  const { tables, now } = snapshot;
  const wanted = new Map(taskIds.map((id, index) => [id, epochs[index]]));
  return moveHeads(
    snapshot,
    (head) => wanted.has(head.task_id) && head.status === 'running',
    (head) => head.epoch === wanted.get(head.task_id),
    (head, task) => {
      head.status = 'queued';
      Object.assign(task, { incarnation: null, next_dispatch_at: now, offers: 1 });
      return { id: task.id };
    },
    tables.heads.size,
  );
}

/** The model of wake-due-tasks.ts. */
export function wakeDueTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const { now } = snapshot;
  return moveHeads(
    snapshot,
    (head, task) => task.wake_at !== null && task.wake_at <= now && head.status === 'waiting',
    () => true,
    (head, task) => {
      head.status = 'queued';
      Object.assign(task, { waiting_for: null, wake_at: null, next_dispatch_at: now });
      return { id: task.id };
    },
    Number(values[0]),
  );
}

/** The model of expire-due-tasks.ts. */
export function expireDueTasks(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [maxTasks, expiredLine, failure, voidLine] = values as [number, string, string, string];
  const { tables, now } = snapshot;
  const isDue = (task: Task) =>
    task.deadline_at !== null && task.deadline_at <= now && task.finished_at === null && task.incarnation === null;
  return moveHeads(
    snapshot,
    (head, task) => isDue(task) && (head.status === 'queued' || head.status === 'waiting'),
    () => true,
    (head, task) => {
      const from = head.open_turn_seq;
      const last = head.next_seq - 1;
      const lines = [expiredLine];
      if (from !== null)
        lines.unshift(voidLine.replace('"from":0', `"from":${from}`).replace('"to":0', `"to":${last}`));
      const logged = {
        first_seq: last + 1,
        last_seq: last + lines.length,
        types: from === null ? ['task.expired'] : ['turn.voided', 'task.expired'],
        payload: lines.map((line) => line.replace('"epoch":0', `"epoch":${head.epoch}`)).join('\n'),
      };
      const visibility = 'u'.repeat(lines.length);
      logEvents(tables, { ...logged, task_id: task.id, epoch: head.epoch, flush_no: null, visibility });
      Object.assign(head, { status: 'expired', open_turn_seq: null, next_seq: logged.last_seq + 1 });
      Object.assign(task, { waiting_for: null, wake_at: null, next_dispatch_at: null, failure, finished_at: now });
      return { id: task.id, ...logged };
    },
    maxTasks,
  );
}

/**
 * Locks what fits and is not locked, and at the commit moves those that still fit. The answer is computed on copies, so that
 * nobody sees it before.
 */
export function moveHeads(
  snapshot: Snapshot,
  fits: (head: Head, task: Task) => boolean,
  fitsLocked: (head: Head) => boolean,
  move: (head: Head, task: Task) => Row,
  maxTasks: number,
): Executed {
  const { tables } = snapshot;
  const found = [...tables.heads.values()]
    .sort((a, b) => byId(a.task_id, b.task_id))
    .flatMap((head) => {
      const task = tables.tasks.get(head.task_id);
      return task && fits(head, task) && !snapshot.isLocked(head.task_id) ? [{ head, task }] : [];
    })
    .slice(0, maxTasks);
  const moving = found.filter(({ head }) => fitsLocked(head));
  const logs = tables.events;
  const rows = moving.map(({ head, task }) => {
    tables.events = new Map([[head.task_id, []]]); // what the copies log goes nowhere
    return move({ ...head }, { ...task });
  });
  tables.events = logs;
  return {
    rows,
    locks: found.map(({ head }) => head.task_id),
    commit() {
      for (const { head, task } of moving) move(head, task);
    },
  };
}
