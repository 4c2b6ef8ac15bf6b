import type { Incarnation, TaskId } from '@nightshift/domain';
import { type ClaimedTask, type Pool, tryClaimTasks } from '@nightshift/store';

const MAX_TASKS_PER_CLAIM = 100;
/** A head that is held is asked for again after this, then after twice as long each time. */
const FIRST_RETRY_MS = 10;
const MAX_RETRY_MS = 250;
/** Nothing of ours holds a head for longer; after it the dispatcher's next offer has to do. */
const MAX_BUSY_MS = 3_000;

/** suspect: the task is to run in a process that runs nothing else. Undefined: somebody else has it. */
export type Claim = ClaimedTask | 'suspect' | undefined;

/** Claims that are asked for together share a statement. */
export interface ClaimBatcher {
  /**
   * Undefined: somebody else has the task, which is normal. A task whose head is held by somebody at the moment is asked
   * for again for a while, because the next offer of it may be half a minute away. Rejects when the database did not
   * answer.
   */
  claim(taskId: TaskId): Promise<Claim>;
  /** Asked for and not answered yet: the database may know more about these than we do. */
  isClaiming(taskId: TaskId): boolean;
}

interface ClaimBatcherDeps {
  pool: Pool;
  incarnation: Incarnation;
  workerName: string;
  /** This process runs many tasks: no suspects. */
  isShared?: boolean;
}

interface Caller {
  resolve(claimed: Claim): void;
  reject(error: unknown): void;
}

interface Request {
  readonly taskId: TaskId;
  readonly callers: Caller[];
  readonly since: number;
  retries: number;
}

export function createClaimBatcher(deps: ClaimBatcherDeps): ClaimBatcher {
  /** Goes into the next statement · is in the one under way · waits for a head that was held. */
  const waiting = new Map<TaskId, Request>();
  const claiming = new Map<TaskId, Request>();
  const held = new Map<TaskId, Request>();
  let running = false;

  async function run(): Promise<void> {
    running = true;
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.size > 0) {
      const batch = [...waiting.values()].slice(0, MAX_TASKS_PER_CLAIM);
      for (const request of batch) {
        waiting.delete(request.taskId);
        claiming.set(request.taskId, request);
      }
      await claimBatch(batch).catch((error: unknown) => rejectCallers(batch, error));
      for (const { taskId } of batch) claiming.delete(taskId);
    }
    running = false;
  }

  async function claimBatch(batch: Request[]): Promise<void> {
    const { claimed, busy, suspects } = await tryClaimTasks(deps.pool, {
      ...deps,
      taskIds: batch.map(({ taskId }) => taskId),
    });
    const byId = new Map<TaskId, Claim>(claimed.map((task) => [task.taskId, task]));
    for (const taskId of suspects) byId.set(taskId, 'suspect');
    const busyIds = new Set(busy);
    for (const request of batch) {
      if (!busyIds.has(request.taskId) || !askAgain(request)) resolveCallers(request, byId.get(request.taskId));
    }
  }

  /** False when that has been tried for long enough. */
  function askAgain(request: Request): boolean {
    if (performance.now() - request.since >= MAX_BUSY_MS) return false;
    if (join(request)) return true;
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** request.retries, MAX_RETRY_MS);
    request.retries += 1;
    held.set(request.taskId, request);
    setTimeout(() => {
      held.delete(request.taskId);
      add(request);
    }, delayMs);
    return true;
  }

  function add(request: Request): void {
    if (!join(request)) waiting.set(request.taskId, request);
    if (!running) void run();
  }

  /** True when the task is going to be asked for anyway. */
  function join(request: Request): boolean {
    const known = waiting.get(request.taskId) ?? held.get(request.taskId);
    known?.callers.push(...request.callers);
    return known !== undefined;
  }

  return {
    claim(taskId) {
      return new Promise((resolve, reject) => {
        add({ taskId, callers: [{ resolve, reject }], since: performance.now(), retries: 0 });
      });
    },
    isClaiming: (taskId) => claiming.has(taskId) || waiting.has(taskId) || held.has(taskId),
  };
}

/** The first that asked gets the task; to the others it is somebody else's. */
function resolveCallers({ callers: [first, ...others] }: Request, claimed: Claim): void {
  first?.resolve(claimed);
  for (const other of others) other.resolve(undefined);
}

function rejectCallers(batch: Request[], error: unknown): void {
  for (const { callers } of batch) for (const caller of callers) caller.reject(error);
}
