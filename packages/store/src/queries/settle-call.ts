import { type EventLine, type TaskId, toJsonText, toUuid, toVisibilityMask } from '@nightshift/domain';
import type { EventRow } from '../event-row.ts';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { StepRow } from '../step-row.ts';

/**
 * The fenced end of a call whose tool wrote in this same transaction: its last statement. The head's lock is taken here
 * and held to the commit, so that no other epoch begins in between; numbers of events are handed out under it like those
 * of a flush, which is told `busy` meanwhile. `flush_no` stays: the flushes of the epoch go on counting.
 */
const statement = {
  name: 'settle-call',
  text: `
    with head as materialized (
      select h.task_id
      from task_heads h
      where h.task_id = $1::uuid and h.epoch = $2 and h.status = 'running'
      for no key update
    ), journaled as (
      update task_steps s set
        status = $5, content = $6, failure = $7, attempts = $8, usage = $9, epoch = $2, finished_at = now()
      from head
      where s.task_id = head.task_id and s.run = $3 and s.step_key = $4 and s.status = 'intent'
      returning s.task_id
    ), counted as (
      update task_heads h set next_seq = h.next_seq + $10::integer
      from journaled j
      where h.task_id = j.task_id and h.epoch = $2 and h.status = 'running'
      returning h.task_id, h.next_seq - $10::integer as first_seq, h.next_seq - 1 as last_seq
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, last_seq, first_seq, $2, $11::text[], $12, $13
      from counted
      where $10::integer > 0
    )
    select first_seq, last_seq from counted`,
};

/**
 * Settles a step that has an intent, with its events. Undefined: the epoch is over or the step is settled, nothing was
 * written, and the transaction has to be rolled back.
 */
export async function settleCall(
  db: Queryable,
  call: { taskId: TaskId; epoch: number; step: StepRow; events: readonly EventLine[] },
): Promise<EventRow | undefined> {
  const { taskId, epoch, step, events } = call;
  const types = events.map((event) => event.type);
  const visibility = toVisibilityMask(events);
  const payload = events.map((event) => event.line).join('\n');
  const [row] = await runQuery<{ first_seq: number; last_seq: number }>(db, statement, [
    toUuid(taskId),
    epoch,
    step.run,
    step.stepKey,
    step.status,
    step.content ?? null,
    step.failure === undefined ? null : toJsonText(step.failure),
    step.attempts,
    step.usage === undefined ? null : toJsonText(step.usage),
    events.length,
    types,
    visibility,
    payload,
  ]);
  return row && { taskId, firstSeq: row.first_seq, lastSeq: row.last_seq, types, visibility, payload };
}
