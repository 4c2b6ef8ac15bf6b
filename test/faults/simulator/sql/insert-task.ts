import { atOnce, type Executed, logEvents, type Snapshot, type Task } from './tables.ts';

/** What the tables give a new row by themselves. */
const NEW_TASK = {
  agent_version: null,
  journal_version: null,
  run: 1,
  incarnation: null,
  attempts: 0,
  suspicion: 0,
  guilt: 0,
  deaths: 0,
  isolated: false,
  history: '[]',
  usage: null,
  result: null,
  stop_reason: null,
  failure: null,
  dead_letter_id: null,
  started_at: null,
  finished_at: null,
};
const NEW_HEAD = {
  epoch: 0,
  next_seq: 2,
  flush_no: 0,
  open_turn_seq: null,
  cancel_requested_at: null,
  progress: null,
  signal_no: 0,
};

/** The model of insert-task.ts, for tenants without cap and pause. */
export function insertTask({ tables, now }: Snapshot, values: readonly unknown[]): Executed {
  const [id, tenantId, agent, input, priority] = values as [string, string, string, string, number];
  const [metadata, limits, deadlineAt] = values.slice(6, 9) as [string, string, Date | null];
  const [createdAt, type, visibility, line] = values.slice(10, 14) as [Date, string, string, string];
  const [route, key, fingerprint, status, response] = values.slice(15, 20) as [string, string, string, number, string];
  const notBefore = values[20] as Date | null;
  const keyText = [tenantId, route, key].join(' ');
  const isKeyed = key !== null;
  if (isKeyed && tables.idempotency.has(keyText)) return atOnce([]);
  const isQueued = (task: Task) => task.tenant_id === tenantId && task.next_dispatch_at !== null;
  const isFree = notBefore === null && ![...tables.tasks.values()].some(isQueued);
  const nextDispatchAt = notBefore === null ? now : null;
  return atOnce([{ dispatch_no: Number(isFree) }], () => {
    if (isKeyed) tables.idempotency.set(keyText, { fingerprint, response_status: status, response });
    tables.tasks.set(id, {
      ...NEW_TASK,
      id,
      tenant_id: tenantId,
      agent,
      input,
      priority,
      limits,
      metadata,
      deadline_at: deadlineAt?.getTime() ?? null,
      waiting_for: notBefore === null ? null : 'schedule',
      wake_at: notBefore?.getTime() ?? null,
      dispatch_no: Number(isFree),
      offers: Number(isFree),
      offered_at_submit: isFree,
      next_dispatch_at: isFree ? now + 30_000 : nextDispatchAt,
      created_at: createdAt.getTime(),
    });
    tables.heads.set(id, {
      ...NEW_HEAD,
      task_id: id,
      tenant_id: tenantId,
      status: notBefore === null ? 'queued' : 'waiting',
    });
    const types = [type];
    logEvents(tables, {
      task_id: id,
      first_seq: 1,
      last_seq: 1,
      epoch: 0,
      flush_no: null,
      types,
      visibility,
      payload: line,
    });
  });
}

/** The model of find-idempotent-answer.ts. */
export function findIdempotentAnswer({ tables }: Snapshot, values: readonly unknown[]): Executed {
  const found = tables.idempotency.get(values.join(' '));
  return atOnce(found ? [{ ...found }] : []);
}
