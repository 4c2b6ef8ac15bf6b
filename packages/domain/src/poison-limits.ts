/** What a task has against it: deaths since its last settled step, and deaths of a process that ran nothing else. */
export interface CrashRecord {
  suspicion: number;
  guilt: number;
}

/**
 * Deaths in a row from which on a task runs alone. The first one says next to nothing about it, and its tasks, all of
 * them, are to go on elsewhere at once; a child takes a second to start, and there are few of them.
 */
export const ISOLATING_SUSPICION = 2;

/** Deaths of a process that ran nothing but the task, after which it is not tried again. */
export const MAX_GUILT = 2;

/** Deaths in a row after which a task is not tried again if one of them was of a process that ran nothing else. */
export const MAX_GUILTY_SUSPICION = 3;

/**
 * Deaths in a row without a settled step, whoever caused them. A backstop for tasks whose parent always dies with the
 * child, so that nobody is left to say whose fault it was: generous, because it may condemn an innocent task.
 */
export const MAX_SUSPICION = 10;

/** The task ends as poison instead of being run again. */
export function isCondemned({ suspicion, guilt }: CrashRecord): boolean {
  const isGuilty = guilt > 0 && suspicion >= MAX_GUILTY_SUSPICION;
  return isGuilty || guilt >= MAX_GUILT || suspicion >= MAX_SUSPICION;
}
