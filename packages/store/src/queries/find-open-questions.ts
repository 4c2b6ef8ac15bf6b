import { fromUuid, type StepId, type TaskId, toUuid } from '@nightshift/domain';
import type { Queryable } from '../open-pool.ts';
import { runQuery } from '../run-query.ts';
import { toJournalChain } from './journal-chain.sql.ts';

/** A question that a task has asked and nobody has answered. */
export interface OpenQuestion {
  /** What its answer is sent under. */
  key: string;
  stepId: StepId;
  askedAt: Date;
  /** JSON text, as the agent journaled it. */
  content: string;
}

/**
 * Sees what read-steps sees: a question that a replay keeps is still asked in the new run, one that it drops is not. Its
 * answer would be taken and read by nobody.
 */
const statement = {
  name: 'find-open-questions',
  text: `
    with recursive chain(run, turn, position) as (${toJournalChain('$1::uuid', 'select run from tasks where id = $1::uuid')}
    )
    select s.id, s.idempotency_key as key, s.content, s.started_at
    from task_steps s join chain c on c.run = s.run and (s.turn, s.position) < (c.turn, c.position)
    where s.task_id = $1::uuid and s.kind = 'question' and s.status = 'intent'
      and not exists (select from task_signals g where g.task_id = s.task_id and g.key = s.idempotency_key)
    order by s.turn, s.position, s.step_key, s.run`,
};

/** The open questions of a task, in the order of its calls. The caller has checked whose task it is. */
export async function findOpenQuestions(db: Queryable, taskId: TaskId): Promise<OpenQuestion[]> {
  const rows = await runQuery<{ id: string; key: string; content: string; started_at: Date }>(db, statement, [
    toUuid(taskId),
  ]);
  return rows.map((row) => ({
    key: row.key,
    stepId: fromUuid('step', row.id),
    askedAt: row.started_at,
    content: row.content,
  }));
}
