/**
 * The flush as one statement, in the order in which it reads: lock the heads, accept what carries the current epoch and
 * the next flush number, write what was accepted, answer for every task.
 *
 * Maintained invariant: nothing is written for a task unless `accepted` returned it, and `accepted` compares epoch and
 * flush number of the row version it updates while holding its lock. Everything joins by task and epoch: a process that
 * claims a task again may still hold a dead epoch of it, and both may be in one flush. Without the lock a paused worker's insert could
 * land after its successor had read the journal (I5). SKIP LOCKED: a held head delays one task, not the flush.
 */
export const FLUSH_TASKS_SQL = `
  with input as (
    select i.task_id, i.epoch, i.flush_no, i.event_count, i.types, i.visibility, i.payload, i.open_turn, i.progress,
      i.to_status, i.signal_no, i.position
    from unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
      $8::integer[], $9::text[], $10::text[], $14::integer[]) with ordinality
      as i(task_id, epoch, flush_no, event_count, types, visibility, payload, open_turn, progress, to_status, signal_no,
        position)
  ), locked as materialized (
    select h.task_id, h.epoch, h.flush_no, h.status, h.cancel_requested_at, h.signal_no
    from task_heads h
    where h.task_id = any($1::uuid[])
    order by h.task_id
    for no key update skip locked
  ), accepted as (
    update task_heads h set
      next_seq = h.next_seq + i.event_count,
      flush_no = i.flush_no,
      open_turn_seq = case
        when i.open_turn is null then h.open_turn_seq
        when i.open_turn < 0 then null
        else h.next_seq + i.open_turn
      end,
      progress = coalesce(i.progress, h.progress),
      status = coalesce(i.to_status, h.status)
    from input i join locked l on l.task_id = i.task_id
    where h.task_id = i.task_id and h.epoch = i.epoch and h.flush_no = i.flush_no - 1 and h.status = 'running'
      and (h.cancel_requested_at is null or i.to_status is null
        or i.to_status not in ('completed', 'failed', 'waiting'))
      and (i.signal_no is null or h.signal_no <= i.signal_no)
    returning h.task_id, h.tenant_id, h.epoch, h.flush_no, h.next_seq - i.event_count as first_seq,
      h.next_seq - 1 as last_seq, i.event_count, i.types, i.visibility, i.payload
  ), logged as (
    insert into task_events (task_id, last_seq, first_seq, epoch, flush_no, types, visibility, payload)
    select task_id, last_seq, first_seq, epoch, flush_no, string_to_array(types, ','), visibility, payload
    from accepted
    where event_count > 0
  ), journaled as (
    insert into task_steps as old (task_id, run, step_key, id, turn, position, kind, name, status, effect_class,
      idempotency_key, input_hash, content, failure, attempts, usage, epoch, started_at, finished_at)
    select s.task_id, s.run, s.step_key, s.id, s.turn, s.position, s.kind, s.name, s.status, s.effect_class,
      s.idempotency_key, s.input_hash, s.content, s.failure, s.attempts, s.usage, a.epoch, s.started_at,
      case when s.status <> 'intent' then now() end
    from json_to_recordset($11::json) as s(task_id uuid, task_epoch integer, run integer, step_key text, id uuid, turn integer,
        position integer, kind text, name text, status text, effect_class text, idempotency_key text, input_hash text,
        content text, failure text, attempts integer, usage text, started_at timestamptz)
      join accepted a on a.task_id = s.task_id and a.epoch = s.task_epoch
    on conflict (task_id, run, step_key) do update set
      status = excluded.status, content = excluded.content, failure = excluded.failure, attempts = excluded.attempts,
      usage = excluded.usage, epoch = excluded.epoch, finished_at = excluded.finished_at
    where old.status = 'intent'
  ), stored as (
    insert into artifacts as old (id, tenant_id, task_id, run, epoch, step_id, name, media_type, status, bytes, sha256,
      s3_key, usable, finished_at)
    select f.id, a.tenant_id, f.task_id, f.run, a.epoch, f.step_id, f.name, f.media_type, f.status, f.bytes, f.sha256,
      f.s3_key, f.usable, case when f.status <> 'uploading' then now() end
    from json_to_recordset($12::json) as f(id uuid, task_id uuid, task_epoch integer, run integer, step_id uuid, name text,
        media_type text, status text, bytes bigint, sha256 text, s3_key text, usable boolean)
      join accepted a on a.task_id = f.task_id and a.epoch = f.task_epoch
    on conflict (id) do update set
      status = excluded.status, bytes = excluded.bytes, sha256 = excluded.sha256, usable = excluded.usable,
      finished_at = excluded.finished_at
    where old.status = 'uploading'
  ), changes as materialized (
    select c.task_id, c.agent_version, c.journal_version, c.clear_suspicion, c.to_status, c.waiting_for, c.wake_in_ms, c.result,
      c.stop_reason, c.failure, c.code, c.fingerprint, c.usage, c.attempts, c.history, c.dead_letter_id, c.reason,
      c.retry_stopped, c.last_step_key, a.epoch
    from json_to_recordset($13::json) as c(task_id uuid, task_epoch integer, agent_version text, journal_version integer, clear_suspicion boolean, to_status text,
        waiting_for text, wake_in_ms double precision, result text, stop_reason text, failure text, code text,
        fingerprint text, usage text, attempts integer, history text, dead_letter_id uuid, reason text,
        retry_stopped text, last_step_key text)
      join accepted a on a.task_id = c.task_id and a.epoch = c.task_epoch
  ), changed as (
    update tasks t set
      agent_version = coalesce(t.agent_version, c.agent_version),
      journal_version = coalesce(c.journal_version, t.journal_version),
      suspicion = case when c.clear_suspicion then 0 else t.suspicion end,
      isolated = t.isolated and not coalesce(c.clear_suspicion and t.guilt = 0, false),
      incarnation = case when c.to_status is null then t.incarnation end,
      next_dispatch_at = case when c.to_status = 'queued' then now() end,
      offers = case when c.to_status = 'queued' then 1 else t.offers end,
      waiting_for = c.waiting_for,
      wake_at = case when c.wake_in_ms is not null then now() + make_interval(secs => c.wake_in_ms / 1000) end,
      result = coalesce(c.result, t.result),
      stop_reason = coalesce(c.stop_reason, t.stop_reason),
      failure = coalesce(c.failure, t.failure),
      usage = coalesce(c.usage, t.usage),
      attempts = coalesce(c.attempts, t.attempts),
      history = coalesce(c.history, t.history),
      dead_letter_id = coalesce(c.dead_letter_id, t.dead_letter_id),
      finished_at = case when c.to_status in ('completed', 'failed', 'cancelled', 'expired') then now() end
    from changes c
    where t.id = c.task_id
  ), buried as (
    insert into dead_letters (id, tenant_id, task_id, run, batch_id, agent, agent_version, reason, retry_stopped, code,
      fingerprint, failure, history, usage, epoch, last_step_key)
    select c.dead_letter_id, t.tenant_id, t.id, t.run, t.batch_id, t.agent, coalesce(t.agent_version, c.agent_version),
      c.reason, c.retry_stopped, c.code, c.fingerprint, c.failure, c.history, c.usage, c.epoch, c.last_step_key
    from changes c join tasks t on t.id = c.task_id
    where c.dead_letter_id is not null
  )
  select i.task_id,
    case
      when a.task_id is not null then 'ok'
      when l.task_id is null then
        case when exists (select from task_heads h where h.task_id = i.task_id) then 'busy' else 'fenced' end
      when l.epoch = i.epoch and l.flush_no = i.flush_no then
        -- The lock shows the newest head, the snapshot may be older than its events: asked again, it finds them.
        case when i.event_count > 0 and e.first_seq is null then 'busy' else 'repeated' end
      when l.epoch = i.epoch and l.flush_no = i.flush_no - 1 and l.status = 'running' then
        case
          when l.cancel_requested_at is not null and i.to_status in ('completed', 'failed', 'waiting') then 'cancel_first'
          else 'signal_first'
        end
      else 'fenced'
    end as verdict,
    coalesce(a.first_seq, e.first_seq) as first_seq,
    l.cancel_requested_at is not null as cancel_requested, l.signal_no
  from input i
    left join accepted a on a.task_id = i.task_id and a.epoch = i.epoch
    left join locked l on l.task_id = i.task_id
    left join lateral (
      select e.first_seq
      from task_events e
      where a.task_id is null and e.task_id = i.task_id and e.epoch = i.epoch and e.flush_no = i.flush_no
      order by e.last_seq desc
      limit 1
    ) e on true
  order by i.position`;
