import type { Step, Tables } from './tables.ts';

/** A run whose steps another one sees, up to a place. */
interface Link {
  run: number;
  turn: number;
  position: number;
}

const END: Omit<Link, 'run'> = { turn: Number.POSITIVE_INFINITY, position: Number.POSITIVE_INFINITY };

/** The model of journal-chain.sql.ts: which steps of a task a run can see. */
export function findVisibleSteps(tables: Tables, taskId: string, run: number): Step[] {
  const links: Link[] = [{ run, ...END }];
  for (const link of links) {
    const base = tables.runs.find((row) => row.task_id === taskId && row.run === link.run);
    if (!base) continue;
    const { base_turn, base_position } = base;
    const cut = base_turn === null || base_position === null ? undefined : { turn: base_turn, position: base_position };
    links.push({
      run: base.base_run,
      ...(cut && isBefore(cut, link) ? cut : { turn: link.turn, position: link.position }),
    });
  }
  const steps = tables.steps.get(taskId) ?? [];
  return steps.filter((step) => links.some((link) => link.run === step.run && isBefore(step, link)));
}

function isBefore(a: Omit<Link, 'run'>, b: Omit<Link, 'run'>): boolean {
  return a.turn < b.turn || (a.turn === b.turn && a.position < b.position);
}
