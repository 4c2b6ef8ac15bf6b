import { type Json, type Limits, type TaskId, type TenantId, toEventLine } from '@nightshift/domain';
import type { NewTask, TaskRow } from '@nightshift/store';

/** A validated wish for a task. */
export interface TaskWish {
  agent: string;
  input: Json;
  priority: number;
  tags: string[];
  metadata: Record<string, string>;
  limits: Limits;
  deadline_at?: string | undefined;
  not_before?: string | undefined;
}

/** W3C trace context; anything else is not stored. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export function toNewTask(
  wish: TaskWish,
  about: { id: TaskId; tenantId: TenantId; createdAt: Date; traceparent: string | string[] | undefined },
): NewTask {
  const { traceparent } = about;
  const notBefore = toNotBefore(wish, about.createdAt);
  return {
    id: about.id,
    tenantId: about.tenantId,
    agent: wish.agent,
    input: wish.input,
    priority: wish.priority,
    tags: wish.tags,
    metadata: wish.metadata,
    limits: wish.limits,
    deadlineAt: wish.deadline_at === undefined ? undefined : new Date(wish.deadline_at),
    notBefore,
    traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined,
    createdAt: about.createdAt,
    queued: toEventLine(
      { type: 'task.queued', data: { agent: wish.agent, run: 1, not_before: notBefore?.toISOString() } },
      0,
      about.createdAt,
    ),
  };
}

/** Only a moment that is still to come is waited for. */
function toNotBefore({ not_before }: TaskWish, now: Date): Date | undefined {
  const moment = not_before === undefined ? undefined : new Date(not_before);
  return moment && moment > now ? moment : undefined;
}

/** The row as it will be right after the insert: the answer is stored with it, so it is known before. */
export function toFirstRow(task: NewTask): TaskRow {
  return {
    id: task.id,
    batchId: undefined,
    batchIndex: undefined,
    customId: undefined,
    agent: task.agent,
    agentVersion: undefined,
    status: task.notBefore === undefined ? 'queued' : 'waiting',
    waitingFor: task.notBefore === undefined ? undefined : 'schedule',
    wakeAt: task.notBefore,
    cancelRequestedAt: undefined,
    priority: task.priority,
    tags: task.tags,
    metadata: task.metadata,
    limits: task.limits,
    run: 1,
    attempts: 0,
    progress: undefined,
    usage: undefined,
    result: undefined,
    stopReason: undefined,
    failure: undefined,
    deadLetterId: undefined,
    deadlineAt: task.deadlineAt,
    createdAt: task.createdAt,
    startedAt: undefined,
    finishedAt: undefined,
    lastSeq: 1,
  };
}
