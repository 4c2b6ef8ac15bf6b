import { atOnce, type Executed, type Snapshot, type WorkerLife } from './tables.ts';

/** The model of register-worker.ts. */
export function registerWorker({ tables, now }: Snapshot, values: readonly unknown[]): Executed {
  const [incarnation, name] = values as [string, string];
  const [capacity, lock_key, leaseMs, parent] = values.slice(5) as [number, string, number, string | null];
  return atOnce([], () => {
    const lease_until = now + leaseMs;
    tables.workers.set(incarnation, { incarnation, name, parent, capacity, lock_key, status: 'alive', lease_until });
  });
}

/** The model of renew-lease.ts. */
export function renewLease({ tables, now }: Snapshot, values: readonly unknown[]): Executed {
  const [incarnation, leaseMs] = values as [string, number];
  const worker = tables.workers.get(incarnation);
  if (worker?.status !== 'alive') return atOnce([]);
  const owned = [...tables.tasks.values()].filter((task) => task.incarnation === incarnation);
  const rows = owned.map(({ id }) => {
    const head = tables.heads.get(id);
    const isRunning = head?.status === 'running';
    return {
      id,
      epoch: isRunning ? head.epoch : null,
      cancel_requested: isRunning ? head.cancel_requested_at !== null : null,
    };
  });
  return atOnce(rows.length > 0 ? rows : [{ id: null, epoch: null, cancel_requested: null }], () => {
    worker.lease_until = now + leaseMs;
  });
}

/** The model of end-worker.ts. */
export function endWorker({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const worker = tables.workers.get(String(values[0]));
  return atOnce([], () => {
    if (worker?.status === 'alive') worker.status = 'stopped';
  });
}

/** The model of find-worker-locks.ts. */
export function findWorkerLocks(snapshot: Snapshot): Executed {
  const alive = [...snapshot.tables.workers.values()].filter(({ status }) => status === 'alive');
  return atOnce(
    alive.map((worker) => ({
      incarnation: worker.incarnation,
      capacity: worker.capacity,
      is_child: worker.parent !== null,
      lease_expired: worker.lease_until < snapshot.now,
      lock_held: snapshot.isLockHeld(worker.lock_key),
    })),
  );
}

/** The model of bury-workers.ts. */
export function buryWorkers(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [incarnations, lockLost] = values as [string[], boolean];
  const isDead = (worker: WorkerLife) =>
    worker.lease_until < snapshot.now || (lockLost && !snapshot.isLockHeld(worker.lock_key));
  const buried = incarnations
    .map((incarnation) => snapshot.tables.workers.get(incarnation))
    .filter((worker) => worker !== undefined)
    .filter((worker) => worker.status === 'alive' && isDead(worker));
  return atOnce(
    buried.map(({ incarnation }) => ({ incarnation })),
    () => {
      for (const worker of buried) worker.status = 'dead';
    },
  );
}

/** The model of bury-children.ts. */
export function buryChildren(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const { tables, now } = snapshot;
  const isGone = ({ parent, lease_until, lock_key }: WorkerLife) =>
    tables.workers.get(parent ?? '')?.status === 'alive'
      ? lease_until < now - Number(values[0])
      : lease_until < now || !snapshot.isLockHeld(lock_key);
  const buried = [...tables.workers.values()].filter(
    (worker) => worker.parent !== null && worker.status === 'alive' && isGone(worker),
  );
  return atOnce(
    buried.map(({ incarnation }) => ({ incarnation })),
    () => {
      for (const worker of buried) worker.status = 'dead';
    },
  );
}

/** The model of take-leadership.ts. */
export function takeLeadership(snapshot: Snapshot, values: readonly unknown[]): Executed {
  const [incarnation, leaseMs] = values as [string, number];
  const { tables, now } = snapshot;
  const old = tables.leader;
  const owner = old && tables.workers.get(old.incarnation);
  const isOwnerThere = owner?.status === 'alive' && snapshot.isLockHeld(owner.lock_key);
  const isFree = !old || old.incarnation === incarnation || old.lease_until <= now || !isOwnerThere;
  if (!isFree) return atOnce([]);
  return atOnce([{ incarnation }], () => {
    tables.leader = { incarnation, lease_until: now + leaseMs };
  });
}

/** The model of resign-leadership.ts. */
export function resignLeadership({ tables, now }: Snapshot, values: readonly unknown[]): Executed {
  return atOnce([], () => {
    const { leader } = tables;
    if (leader && leader.incarnation === values[0]) leader.lease_until = now;
  });
}
