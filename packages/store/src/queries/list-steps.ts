import {
  type EffectClass,
  type Failure,
  fromUuid,
  type StepId,
  type TaskId,
  toUuid,
  type Usage,
} from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { StepKind, StepStatus } from '../step-row.ts';

/** A step of the journal without its content: what people read. */
export interface StepSummary {
  id: StepId;
  run: number;
  stepKey: string;
  turn: number;
  position: number;
  kind: Exclude<StepKind, 'question'>;
  name: string;
  status: StepStatus;
  effectClass: EffectClass | undefined;
  failure: Failure | undefined;
  attempts: number;
  usage: Partial<Usage> | undefined;
  epoch: number;
  startedAt: Date;
  finishedAt: Date | undefined;
}

interface Row {
  id: string;
  run: number;
  step_key: string;
  turn: number;
  position: number;
  kind: StepSummary['kind'];
  name: string;
  status: StepStatus;
  effect_class: EffectClass | null;
  failure: string | null;
  attempts: number;
  usage: string | null;
  epoch: number;
  started_at: Date;
  finished_at: Date | null;
}

const statement = {
  name: 'list-steps',
  text: `
    select id, run, step_key, turn, position, kind, name, status, effect_class, failure, attempts, usage, epoch,
      started_at, finished_at
    from task_steps
    where task_id = $1::uuid and kind <> 'question' and (run, turn, position) > ($2::integer, $3::integer, $4::integer)
    order by run, turn, position
    limit $5::integer`,
};

/** Where a page of steps begins: after this place of the journal. */
export interface StepPlace {
  run: number;
  turn: number;
  position: number;
}

/** Turns and tool calls of all runs in order. The caller has checked whose task it is. */
export async function listSteps(
  db: Queryable,
  taskId: TaskId,
  after: StepPlace,
  limit: number,
): Promise<StepSummary[]> {
  const rows = await runQuery<Row>(db, statement, [toUuid(taskId), after.run, after.turn, after.position, limit]);
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
    failure: row.failure === null ? undefined : (JSON.parse(row.failure) as Failure),
    attempts: row.attempts,
    usage: row.usage === null ? undefined : (JSON.parse(row.usage) as Partial<Usage>),
    epoch: row.epoch,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
  }));
}
