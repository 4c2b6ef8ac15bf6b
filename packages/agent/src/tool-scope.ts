import { type ArtifactLog, openArtifactWriter } from '@nightshift/artifacts';
import type { ArtifactId } from '@nightshift/domain';
import type { TaskLog } from '@nightshift/eventlog';
import type { ModelToolCall } from '@nightshift/model';
import type { ArtifactRow, StepRow } from '@nightshift/store';
import type { ToolCallScope, ToolTransaction } from '@nightshift/tools';
import { askPerson } from './ask-person.ts';
import { ParkError } from './stop-reasons.ts';
import type { TaskRun } from './task-run.ts';

/**
 * What one tool call may use of its task: the log, fenced by the epoch, and writers of artifacts whose rows go through the
 * same log. The executor aborts the writers that a tool leaves open.
 */
export function createToolScope(
  run: TaskRun,
  step: StepRow,
  call: ModelToolCall,
  { idempotencyKey, transaction }: { idempotencyKey: string; transaction: ToolTransaction },
): ToolCallScope {
  const { task, log } = run;
  const artifactLog = createArtifactLog(log);
  const ids = { tenantId: task.tenantId, taskId: task.taskId, run: task.run, epoch: task.epoch, stepId: step.id };
  const emit: ToolCallScope['emit'] = (event) => log.emit(event);
  return {
    task: { id: task.taskId, tenantId: task.tenantId, agent: task.agent, input: task.input },
    callId: step.id,
    toolUseId: call.toolUseId,
    idempotencyKey,
    signal: run.signal,
    deadlineAt: task.deadlineAt,
    log: run.logger.child({ tool: call.name, step: step.stepKey }),
    emit,
    transaction,
    ask: (question) => askPerson(run, { step, call }, question),
    async waitOutside(waitMs) {
      throw new ParkError('schedule', waitMs);
    },
    createArtifactWriter: (name, { mediaType }) =>
      openArtifactWriter(
        { store: run.deps.objectStore, log: artifactLog, ids, signal: run.signal, emit },
        { name, mediaType },
      ),
  };
}

/** Rows of artifacts as part of the task's log: registered before the first byte, finished with their events. */
function createArtifactLog(log: TaskLog): ArtifactLog {
  const registered = new Map<ArtifactId, Omit<ArtifactRow, 'status' | 'bytes' | 'usable'>>();
  return {
    async register({ id, run, stepId, name, mediaType, s3Key }) {
      const row = { id, run, stepId, name, mediaType, s3Key };
      registered.set(id, row);
      await log.commit({ artifacts: [{ ...row, status: 'uploading', bytes: 0, usable: false }] });
    },
    async finish(ending, events) {
      const row = registered.get(ending.id);
      if (row) await log.commit({ artifacts: [{ ...row, ...ending }], events });
    },
  };
}
