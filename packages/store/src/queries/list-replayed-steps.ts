import { type EffectClass, fromUuid, type StepId, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import type { StepKind, StepStatus } from '../step-row.ts';
import { toJournalChain } from './journal-chain.sql.ts';

/** A step of the journal that a replay begins with, and whether the replay keeps it. */
export interface ReplayedStep {
  id: StepId;
  stepKey: string;
  kind: StepKind;
  name: string;
  status: StepStatus;
  effectClass: EffectClass | undefined;
  kept: boolean;
}

interface Row {
  id: string;
  step_key: string;
  kind: StepKind;
  name: string;
  status: StepStatus;
  effect_class: EffectClass | null;
  kept: boolean;
}

/** Of several rows of one step the fold takes the settled one, else that of the latest run: so does this. */
const statement = {
  name: 'list-replayed-steps',
  text: `
    with recursive chain(run, turn, position) as (${toJournalChain('$1::uuid', 'select $2::integer')}
    ), base(run, turn, position) as (${toJournalChain('$1::uuid', 'select $2::integer - 1').replaceAll('chain c', 'base c')}
    )
    select distinct on (s.turn, s.position, s.step_key)
      s.id, s.step_key, s.kind, s.name, s.status, s.effect_class,
      exists (select from chain k where k.run = s.run and (s.turn, s.position) < (k.turn, k.position)) as kept
    from task_steps s join base c on c.run = s.run and (s.turn, s.position) < (c.turn, c.position)
    where s.task_id = $1::uuid and s.kind in ('turn', 'tool') and not (s.kind = 'turn' and s.status = 'void')
    order by s.turn, s.position, s.step_key, s.status in ('done', 'unknown') desc, s.run desc`,
};

/** The steps that the run before `run` could see, in order. */
export async function listReplayedSteps(db: Queryable, taskId: TaskId, run: number): Promise<ReplayedStep[]> {
  const rows = await runQuery<Row>(db, statement, [toUuid(taskId), run]);
  return rows.map((row) => ({
    id: fromUuid('step', row.id),
    stepKey: row.step_key,
    kind: row.kind,
    name: row.name,
    status: row.status,
    effectClass: row.effect_class ?? undefined,
    kept: row.kept,
  }));
}
