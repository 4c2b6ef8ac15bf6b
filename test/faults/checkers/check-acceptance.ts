/** What a client knows of a task it submitted. */
export interface AcceptedTask {
  id: string;
  /** Status as the API gives it after quiescence; undefined when it does not know the task. */
  status: string | undefined;
  /** Type of the last event that a stream client was given. */
  lastEvent: string | undefined;
}

const FINAL = /^(?:completed|failed|cancelled|expired)$/;

/** Every 202 ended (I1, I4), and its status and its final event say the same. */
export function checkAcceptance(tasks: readonly AcceptedTask[]): string[] {
  return tasks.flatMap(({ id, status, lastEvent }) => {
    if (status === undefined) return [`${id}: accepted and lost`];
    if (!FINAL.test(status)) return [`${id}: still ${status}`];
    return lastEvent === `task.${status}` ? [] : [`${id}: is ${status}, but its last event is ${lastEvent}`];
  });
}
