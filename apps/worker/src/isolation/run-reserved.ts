import { messageOf, type TaskId } from '@nightshift/domain';
import { sleep } from '@nightshift/resilience';
import { type Reservation, releaseSuspect, reserveSuspect, type Session } from '@nightshift/store';
import type { Logger } from '@nightshift/telemetry';
import { within } from '../within.ts';

const RETRY_MS = 200;
/** A child has claimed its task in less, and has left in less after handing it back. */
const PATIENCE_MS = 5_000;

interface ReservedDeps {
  session: Session;
  shutdown: AbortSignal;
  log: Logger;
  /** Runs the task in a child, to the end of both. Never rejects. */
  run(taskId: TaskId): Promise<void>;
  /** Longest wait for another worker that has reserved the task and does not run it. */
  patienceMs?: number;
}

/**
 * Runs a suspect unless another worker does. A job and the looks of idle workers bring one suspect to several workers at the
 * same moment, and one that waited here may have been run elsewhere meanwhile: the claim would refuse all but one, but only
 * after each had paid for a child. Where whoever reserved the task does not run it in time, it is run all the same, so that
 * a reservation never delays a task for long. Never rejects.
 */
export async function runReserved(deps: ReservedDeps, taskId: TaskId): Promise<void> {
  const { shutdown, log, patienceMs = PATIENCE_MS } = deps;
  const since = performance.now();
  let answer = await reserve(deps, taskId, patienceMs);
  while (answer === 'held' && !shutdown.aborted && performance.now() - since < patienceMs) {
    await sleep(RETRY_MS, shutdown).catch(() => undefined);
    answer = await reserve(deps, taskId, patienceMs);
  }
  if (answer === 'gone') log.debug({ task_id: taskId }, 'suspect runs elsewhere');
  else if (!shutdown.aborted) await deps.run(taskId);
  if (answer === 'reserved') release(deps, taskId);
}

/** A database that does not answer in time reserves nothing. */
async function reserve({ session, log }: ReservedDeps, taskId: TaskId, timeoutMs: number): Promise<Reservation> {
  let isLate = false;
  const asked = session
    .use((connection) => reserveSuspect(connection, taskId))
    .then((answer) => {
      if (isLate && answer === 'reserved') release({ session, log }, taskId);
      return answer;
    })
    .catch((error: unknown): Reservation => {
      log.debug({ task_id: taskId, error: messageOf(error) }, 'suspect not reserved');
      return 'held';
    });
  isLate = !(await within(asked, timeoutMs));
  return isLate ? 'held' : await asked;
}

/** Not waited for: where the connection is gone, the reservation is as well. */
function release({ session, log }: Pick<ReservedDeps, 'session' | 'log'>, taskId: TaskId): void {
  session
    .use((connection) => releaseSuspect(connection, taskId))
    .catch((error: unknown) => log.debug({ task_id: taskId, error: messageOf(error) }, 'reservation not taken back'));
}
