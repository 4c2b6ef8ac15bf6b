import { ISOLATING_SUSPICION, MAX_GUILTY_SUSPICION } from '@nightshift/domain';

/**
 * Takes tasks back from owners that are gone, as one statement. `orphans` is a select of (id, epoch, died 0|1, guilty 0|1,
 * death json); the epoch is compared under the lock: another rescuer may have requeued the task, and a live worker
 * claimed it, meanwhile.
 *
 * A death (not a graceful stop) makes the task a suspect and is noted in its history. From the second one in a row on it
 * runs alone; from the third on it comes back later and later, and its log says until when: the number of that event is
 * the head's next. A task that is condemned, or that somebody has cancelled, comes back at once: its next owner settles it
 * without running it.
 * The first two parameters are MAX_GUILT and MAX_SUSPICION. Answers for every orphan; without numbers for one whose head
 * was held or whose epoch is over. `also` are further expressions of the `with`.
 */
export function toRequeueSql(orphans: string, also = ''): string {
  return `
    with orphans as materialized (
      ${orphans}
    ), counted as (
      select o.id, o.epoch, o.died, o.guilty, o.death, t.suspicion + o.died as suspicion,
        case when t.suspicion + o.died >= 3 and o.died = 1
            and t.suspicion + o.died < $2::integer and t.guilt + o.guilty < $1::integer
            and not (t.guilt + o.guilty > 0 and t.suspicion + o.died >= ${MAX_GUILTY_SUSPICION})
          then now() + make_interval(secs => least(2 ^ least(t.suspicion + o.died - 3, 10), 300))
        end as wake_at
      from orphans o join tasks t on t.id = o.id
    ), locked as materialized (
      select h.task_id, h.next_seq, h.cancel_requested_at from task_heads h
      where h.task_id in (select id from orphans) and h.status = 'running'
      order by h.task_id
      for no key update skip locked
    ), requeued as (
      update task_heads h set
        status = case when c.wake_at is null or l.cancel_requested_at is not null then 'queued' else 'waiting' end,
        next_seq = h.next_seq + case when c.wake_at is null or l.cancel_requested_at is not null then 0 else 1 end
      from locked l join counted c on c.id = l.task_id
      where h.task_id = l.task_id and h.status = 'running' and h.epoch = c.epoch
      returning h.task_id, h.epoch, h.status, l.next_seq as seq
    ), changed as (
      update tasks t set
        incarnation = null,
        suspicion = c.suspicion,
        guilt = t.guilt + c.guilty,
        deaths = t.deaths + c.died,
        isolated = t.isolated or c.died = 1 and c.suspicion >= ${ISOLATING_SUSPICION},
        history = case
          when c.died = 0 or t.deaths >= ${MAX_DEATHS_IN_HISTORY} then t.history
          when t.history = '[]' then '[' || c.death || ']'
          else left(t.history, -1) || ',' || c.death || ']'
        end,
        next_dispatch_at = case when r.status = 'queued' then now() end,
        -- It had its turn: it counts as an offer that has lapsed, and those go before the backlog.
        offers = case when r.status = 'queued' then 1 else 0 end,
        waiting_for = case when r.status = 'waiting' then 'retry' end,
        wake_at = case when r.status = 'waiting' then c.wake_at end
      from requeued r join counted c on c.id = r.task_id
      where t.id = r.task_id
      returning t.id, t.suspicion, t.guilt, t.deaths, t.attempts, t.wake_at
    ), rows as (
      select r.task_id, r.seq, r.epoch, '{"type":"task.waiting",' || substr(json_build_object(
        'epoch', r.epoch,
        'created_at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'data', json_build_object(
          'waiting_for', 'retry',
          'wake_at', to_char(t.wake_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          'attempts', t.attempts,
          'deaths', t.deaths
        ))::text, 2) as payload
      from requeued r join changed t on t.id = r.task_id
      where r.status = 'waiting'
    ), logged as (
      insert into task_events (task_id, last_seq, first_seq, epoch, types, visibility, payload)
      select task_id, seq, seq, epoch, array['task.waiting'], 'u', payload from rows
    )
    ${also}
    select o.id, t.suspicion, t.guilt, t.deaths, r.seq, r.payload
    from orphans o left join changed t on t.id = o.id left join rows r on r.task_id = o.id`;
}

/** A task that outlives more deaths than these was in no way their cause. */
const MAX_DEATHS_IN_HISTORY = 20;
