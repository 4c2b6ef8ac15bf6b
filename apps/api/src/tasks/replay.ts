import { assertNever, type TaskId } from '@nightshift/domain';
import { replayTask } from '@nightshift/store';
import type { ApiContext } from '../context.ts';
import { refuse } from '../http/refuse.ts';
import type { Caller, Reply } from '../http/route.ts';

/** Replays a task and says so to readers and workers; undefined when the tenant has no such task. */
export async function replay(
  context: ApiContext,
  caller: Caller,
  request: { taskId: TaskId; run: number | undefined; reason: string | undefined },
): Promise<Reply | undefined> {
  const { taskId } = request;
  const answer = await replayTask(context.pool, { ...request, tenantId: caller.tenantId, actor: caller.keyId });
  if (!answer) return undefined;
  const headers = { Location: `/v1/tasks/${taskId}` };
  switch (answer.kind) {
    case 'replayed':
      context.hub.publishNow([answer.events]);
      void context.queue.enqueue([answer.delivery]);
      return { status: 202, headers, body: { task_id: taskId, run: answer.run, mode: 'resume', repeated: false } };
    case 'same':
      return { status: 200, headers, body: { task_id: taskId, run: answer.run, mode: 'resume', repeated: true } };
    case 'not_final':
      throw refuse('conflict', `The task is ${answer.status}: only a task that is over can be replayed.`);
    case 'ahead':
      throw refuse('conflict', `The task has ${answer.run} runs; there is none with this number yet.`);
    default:
      return assertNever(answer, 'answer to a replay');
  }
}
