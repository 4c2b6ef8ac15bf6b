/** A place that comes before every step, and one that comes after. */
const FIRST = '-2147483648';
const LAST = '2147483647';

/**
 * Which steps a run can see, as the body of a recursive CTE `chain (run, turn, position)`: all of its own, and of its base
 * those before the place where it began again, through all bases. A step is seen if it is of a run of the chain and
 * `(step.turn, step.position) < (chain.turn, chain.position)`.
 * @param taskId SQL for the task's uuid
 * @param start a query for the number of the run, with nothing else
 */
export function toJournalChain(taskId: string, start: string): string {
  return `
      select start.run, ${LAST}, ${LAST} from (${start}) as start(run)
      union
      select r.base_run,
        case when (r.base_turn, r.base_position) < (c.turn, c.position) then r.base_turn else c.turn end,
        case when (r.base_turn, r.base_position) < (c.turn, c.position) then r.base_position else c.position end
      from chain c join task_runs r on r.task_id = ${taskId} and r.run = c.run`;
}

/**
 * Where a run that begins again with step `s` cuts its base. Replies that were discarded stand before their turn, at
 * negative positions: they go with it.
 */
export const CUT_POSITION = `case when s.position <= 0 then ${FIRST} else s.position end`;
