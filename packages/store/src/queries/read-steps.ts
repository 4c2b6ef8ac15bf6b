import { type EffectClass, type Failure, fromUuid, type TaskId, toUuid, type Usage } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { StepKind, StepRow, StepStatus } from '../step-row.ts';
import { toJournalChain } from './journal-chain.sql.ts';

/** A step as the journal holds it. */
export interface JournaledStep extends StepRow {
  epoch: number;
  finishedAt: Date | undefined;
}

interface Row {
  id: string;
  run: number;
  step_key: string;
  turn: number;
  position: number;
  kind: StepKind;
  name: string;
  status: StepStatus;
  effect_class: EffectClass | null;
  idempotency_key: string | null;
  input_hash: string | null;
  content: string | null;
  failure: string | null;
  attempts: number;
  usage: string | null;
  epoch: number;
  started_at: Date;
  finished_at: Date | null;
}

/** Follows base_run from the given run to the first one, so that a run sees what it continues, up to where it began again. */
const statement = {
  name: 'read-steps',
  text: `
    with recursive chain(run, turn, position) as (${toJournalChain('$1::uuid', 'select $2::integer')}
    )
    select s.id, s.run, s.step_key, s.turn, s.position, s.kind, s.name, s.status, s.effect_class, s.idempotency_key,
      s.input_hash, s.content, s.failure, s.attempts, s.usage, s.epoch, s.started_at, s.finished_at
    from task_steps s join chain c on c.run = s.run and (s.turn, s.position) < (c.turn, c.position)
    where s.task_id = $1::uuid
    order by s.turn, s.position, s.run`,
};

/** The steps of a run and those it keeps of its bases, by turn, position and run (a later run's row comes after). */
export async function readSteps(db: Queryable, taskId: TaskId, run: number): Promise<JournaledStep[]> {
  const rows = await runQuery<Row>(db, statement, [toUuid(taskId), run]);
  return rows.map((row) => ({
    id: fromUuid('step', row.id),
    run: row.run,
    stepKey: row.step_key,
    turn: row.turn,
    position: row.position,
    kind: row.kind,
    name: row.name,
    status: row.status,
    effectClass: row.effect_class ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    inputHash: row.input_hash ?? undefined,
    content: row.content ?? undefined,
    failure: row.failure === null ? undefined : (JSON.parse(row.failure) as Failure),
    attempts: row.attempts,
    usage: row.usage === null ? undefined : (JSON.parse(row.usage) as Partial<Usage>),
    epoch: row.epoch,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
  }));
}
