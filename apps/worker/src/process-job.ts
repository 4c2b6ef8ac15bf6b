import { type AgentDeps, CancelRequestedError, DeadlinePassedError, runTask } from '@nightshift/agent';
import { messageOf, type TaskId } from '@nightshift/domain';
import type { Flusher, Publisher } from '@nightshift/eventlog';
import type { Semaphore } from '@nightshift/resilience';
import type { ClaimedTask } from '@nightshift/store';
import type { ActiveTask, ActiveTasks } from './active-tasks.ts';
import type { ClaimBatcher } from './claim-batcher.ts';
import type { IsolationLane } from './isolation/isolation-lane.ts';

export interface JobDeps {
  readonly agent: AgentDeps;
  readonly claims: ClaimBatcher;
  readonly active: ActiveTasks;
  readonly slots: Semaphore;
  readonly flusher: Flusher;
  readonly publisher: Publisher;
  readonly shutdown: AbortSignal;
  /** Where suspects run; a process without one claims no tasks for it. */
  readonly lane?: IsolationLane;
  /** This process is a child that runs nothing but its one task. */
  readonly isAlone?: boolean;
}

/** setTimeout fires at once for anything longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * "Please look at task X": takes a slot, claims the task if it is queued, runs it to its settlement. Whatever delivered
 * the request (a job, or an idle worker's own look) decides nothing. Never rejects.
 */
export async function processJob(deps: JobDeps, taskId: TaskId): Promise<void> {
  const release = await deps.slots.acquire(deps.shutdown).catch(() => undefined);
  if (!release) return; // going down: the dispatcher offers the task again
  try {
    const task = deps.shutdown.aborted ? undefined : await deps.claims.claim(taskId);
    if (task === 'suspect') deps.lane?.offer(taskId);
    else if (task) await runClaimed(deps, task);
  } catch (error) {
    deps.agent.log.warn({ task_id: taskId, error: messageOf(error) }, 'task not claimed');
  } finally {
    release();
  }
}

async function runClaimed(deps: JobDeps, task: ClaimedTask): Promise<void> {
  const stopping = new AbortController();
  const active: ActiveTask = {
    taskId: task.taskId,
    epoch: task.epoch,
    stop(reason) {
      if (!stopping.signal.aborted) stopping.abort(reason);
    },
  };
  const log = deps.flusher.open({
    taskId: task.taskId,
    epoch: task.epoch,
    onCancelRequested: () => active.stop(new CancelRequestedError('cancel requested')),
  });
  log.lastSeq = task.events.lastSeq;
  const disarmDeadline = armDeadline(deps, task, active);
  deps.active.add(active);
  deps.publisher.publish([task.events]);
  deps.agent.metrics.queueWait.observe(Math.max(0, deps.agent.now() - task.createdAt.getTime()) / 1000);
  try {
    await runTask(deps.agent, {
      task,
      log,
      signal: stopping.signal,
      shutdown: deps.shutdown,
      isAlone: deps.isAlone === true,
    });
  } catch (error) {
    // Not settled: the task stays this worker's until its next heartbeat hands it back.
    deps.agent.log.error({ task_id: task.taskId, error: messageOf(error) }, 'task not settled');
  } finally {
    disarmDeadline();
    deps.flusher.close(log);
    deps.active.remove(active);
  }
}

/** Stops the task at its deadline. Returns what takes that back. */
function armDeadline(deps: JobDeps, task: ClaimedTask, active: ActiveTask): () => void {
  const { deadlineAt } = task;
  if (!deadlineAt) return () => undefined;
  let timer: NodeJS.Timeout;
  const arm = () => {
    const remainingMs = deadlineAt.getTime() - deps.agent.now();
    timer = setTimeout(
      () => {
        if (remainingMs > MAX_TIMER_MS) arm();
        else active.stop(new DeadlinePassedError('the deadline has passed'));
      },
      Math.min(Math.max(0, remainingMs), MAX_TIMER_MS),
    );
  };
  arm();
  return () => clearTimeout(timer);
}
