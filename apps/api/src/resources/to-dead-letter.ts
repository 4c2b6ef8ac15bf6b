import type { DeadLetter } from '@nightshift/store';
import type { Artifact } from '../schemas/artifact.ts';
import type { DeadLetterResource } from '../schemas/dead-letter.ts';
import { toTime } from './to-time.ts';

export function toDeadLetterResource(row: DeadLetter, artifacts?: Artifact[]): DeadLetterResource {
  return {
    id: row.id,
    task_id: row.taskId,
    run: row.run,
    batch_id: row.batchId ?? null,
    agent: row.agent,
    agent_version: row.agentVersion ?? null,
    reason: row.reason,
    retry_stopped: row.retryStopped,
    failure: row.failure,
    history: row.history,
    usage: row.usage ?? null,
    journal: {
      epoch: row.epoch,
      last_step_key: row.lastStepKey ?? null,
      steps_url: `/v1/tasks/${row.taskId}/steps`,
      events_url: `/v1/tasks/${row.taskId}/events`,
    },
    ...(artifacts === undefined ? {} : { artifacts }),
    status: row.status,
    resolved_at: toTime(row.resolvedAt),
    resolved_by: row.resolvedBy ?? null,
    replay_run: row.replayRun ?? null,
    created_at: row.createdAt.toISOString(),
  };
}
