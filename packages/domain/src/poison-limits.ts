/** What a task has against it: deaths since its last settled step, and deaths of a process that ran nothing else. */
export interface CrashRecord {
  suspicion: number;
  guilt: number;
}

/** Deaths of a process that ran nothing but the task, after which it is not tried again. */
export const MAX_GUILT = 2;

/**
 * Deaths in a row without a settled step, whoever caused them. A backstop for tasks whose parent always dies with the
 * child, so that nobody is left to say whose fault it was: generous, because it may condemn an innocent task.
 */
export const MAX_SUSPICION = 10;

/** The task ends as poison instead of being run again. */
export function isCondemned({ suspicion, guilt }: CrashRecord): boolean {
  return guilt >= MAX_GUILT || suspicion >= MAX_SUSPICION;
}
