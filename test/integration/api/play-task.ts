import { type NewEvent, type TaskId, toEventLine, toVisibilityMask } from '../../../packages/domain/src/index.ts';
import { claimTasks, type EventRow, flushTasks, type Pool, type TaskFlush } from '../../../packages/store/src/index.ts';
import { registerTestWorker } from '../../support/register-test-worker.ts';

/** The database side of a worker that runs one task, step by step as a test wants it. */
export interface PlayedTask {
  epoch: number;
  /** Commits a flush and returns its row, for tests that publish it. */
  flush(events: NewEvent[], rest?: Partial<TaskFlush>): Promise<EventRow>;
  /** Ends the task as completed. */
  complete(result: unknown): Promise<EventRow>;
}

const NO_USAGE = {
  input_tokens: 1,
  output_tokens: 2,
  cache_read_tokens: 0,
  cache_creation_tokens: 0,
  cost_usd: 0.5,
  turns: 1,
  tool_calls: 0,
};

/** Claims the task and plays its worker. */
export async function playTask(pool: Pool, taskId: TaskId): Promise<PlayedTask> {
  const incarnation = await registerTestWorker(pool);
  const [claimed] = await claimTasks(pool, { taskIds: [taskId], incarnation, workerName: 'played' });
  if (!claimed) throw new Error('the task could not be claimed');
  let flushNo = 0;
  const flush: PlayedTask['flush'] = async (events, rest = {}) => {
    flushNo++;
    const lines = events.map((event) => toEventLine(event, claimed.epoch, new Date()));
    const [answer] = await flushTasks(pool, [
      { taskId, epoch: claimed.epoch, flushNo, events: lines, steps: [], artifacts: [], ...rest },
    ]);
    if (answer?.verdict !== 'ok') throw new Error(`flush refused: ${answer?.verdict}`);
    const firstSeq = answer.firstSeq ?? 0;
    return {
      taskId,
      firstSeq,
      lastSeq: firstSeq + lines.length - 1,
      types: lines.map((line) => line.type),
      visibility: toVisibilityMask(lines),
      payload: lines.map((line) => line.line).join('\n'),
    };
  };
  return {
    epoch: claimed.epoch,
    flush,
    complete: (result) =>
      flush([{ type: 'task.completed', data: {} }], {
        settlement: { to: 'completed', result: JSON.stringify(result), usage: NO_USAGE, attempts: 0, history: [] },
      }),
  };
}
