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
}

/** W3C trace context; anything else is not stored. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export function toNewTask(
  wish: TaskWish,
  about: { id: TaskId; tenantId: TenantId; createdAt: Date; traceparent: string | string[] | undefined },
): NewTask {
  const { traceparent } = about;
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
    traceparent: typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : undefined,
    createdAt: about.createdAt,
    queued: toEventLine({ type: 'task.queued', data: { agent: wish.agent, run: 1 } }, 0, about.createdAt),
  };
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
    status: 'queued',
    waitingFor: undefined,
    wakeAt: undefined,
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
