import { createHash } from 'node:crypto';
import { createFailure, createId, type Failure, mayRunAgain, type NewEvent, toCanonicalJson } from '@nightshift/domain';
import type { ModelToolCall } from '@nightshift/model';
import { createSemaphore } from '@nightshift/resilience';
import type { JournaledStep, StepRow } from '@nightshift/store';
import { checkToolCall, executeTool, type PreparedToolCall, type ToolOutcome } from '@nightshift/tools';
import type { FoldedTurn } from './fold-journal.ts';
import { ShutdownError } from './stop-reasons.ts';
import type { TaskRun } from './task-run.ts';
import type { ToolRecord } from './tool-record.ts';
import { createToolScope } from './tool-scope.ts';

/** More calls than this in one turn are refused, with a message the model can act on. */
const MAX_CALLS_PER_TURN = 64;

/** A call that ended the task: its failure, or the result that is the task's answer. */
export type ToolsEnd = { kind: 'failed'; failure: Failure; stepKey: string } | { kind: 'direct'; record: ToolRecord };

/**
 * Runs the calls of a turn that have no result yet: independent calls in parallel (bounded), every intent journaled
 * before its effect and every result after it. Waits for all of them, whatever becomes of one. Results reach the model
 * in source order, because the fold reads them by call.
 */
export async function runTools(
  run: TaskRun,
  folded: FoldedTurn,
  calls: ModelToolCall[],
): Promise<ToolsEnd | undefined> {
  const slots = createSemaphore(run.agent.parallelTools);
  const ends = await Promise.allSettled(
    calls.map(async (call, index) => {
      if (isSettled(folded.tools.get(call.toolUseId))) return undefined;
      const release = await slots.acquire(run.signal);
      try {
        if (run.shutdown.aborted) throw new ShutdownError('the worker is going down');
        return await runCall(run, folded, call, index + 1);
      } finally {
        release();
      }
    }),
  );
  const rejected = ends.find((end) => end.status === 'rejected');
  if (rejected) throw rejected.reason;
  return ends.flatMap((end) => (end.status === 'fulfilled' && end.value ? [end.value] : []))[0];
}

function isSettled(step: JournaledStep | undefined): boolean {
  return step !== undefined && step.status !== 'intent';
}

async function runCall(
  run: TaskRun,
  folded: FoldedTurn,
  call: ModelToolCall,
  position: number,
): Promise<ToolsEnd | undefined> {
  const before = folded.tools.get(call.toolUseId);
  const step = before ? toStepAgain(before, run.task.run) : toNewStep(run, folded, call, position);
  const checked =
    position > MAX_CALLS_PER_TURN
      ? {
          kind: 'refused' as const,
          failure: createFailure(
            'tool_rejected',
            `At most ${MAX_CALLS_PER_TURN} tool calls fit in one turn; this one did not run.`,
          ),
        }
      : checkToolCall({
          registry: run.deps.tools,
          granted: new Set(run.agent.tools.map((tool) => tool.name)),
          call,
        });
  if (checked.kind === 'refused') return refuseCall(run, folded, call, step, checked.failure);
  if (before && !mayRunAgain(before.effectClass ?? 'unsafe')) return reportUnknown(run, folded, call, step);

  const idempotencyKey = step.idempotencyKey ?? createId('step');
  const intent: StepRow = {
    ...step,
    status: 'intent',
    effectClass: checked.tool.effectClass,
    idempotencyKey,
    inputHash: hashInput(checked),
  };
  await run.log.commit({
    steps: [intent],
    events: [toRequestedEvent(call, intent, checked)],
    progress: JSON.stringify({
      turn: folded.turn,
      phase: 'tools',
      tool: call.name,
      usage: run.conversation.usage,
    }),
  });
  const { scope, abandon } = createToolScope(run, intent, call, idempotencyKey);
  let outcome: ToolOutcome;
  try {
    outcome = await executeTool({ ...run.deps, registry: run.deps.tools }, checked, scope);
  } finally {
    await abandon();
  }
  return finishCall(run, folded, call, intent, outcome);
}

function toNewStep(run: TaskRun, folded: FoldedTurn, call: ModelToolCall, position: number): StepRow {
  return {
    id: createId('step'),
    run: run.task.run,
    stepKey: `t${folded.turn}:${call.toolUseId}`,
    turn: folded.turn,
    position,
    kind: 'tool',
    name: call.name,
    status: 'intent',
    attempts: 1,
    startedAt: new Date(run.deps.now()),
  };
}

/** An intent without a result runs under the same id and the same idempotency key, in whichever epoch or resumed run. */
function toStepAgain(before: JournaledStep, run: number): StepRow {
  return { ...before, id: before.run === run ? before.id : createId('step'), run };
}

function hashInput(checked: PreparedToolCall): string {
  return createHash('sha256').update(toCanonicalJson(checked.rawInput)).digest('hex');
}

function toRequestedEvent(call: ModelToolCall, step: StepRow, checked: PreparedToolCall): NewEvent {
  return {
    type: 'tool.requested',
    stepId: step.id,
    data: {
      tool: call.name,
      tool_use_id: call.toolUseId,
      effect_class: step.effectClass ?? null,
      input: checked.rawInput,
    },
  };
}

/** Refused by the gate: nothing ran, the model is told why. */
function refuseCall(run: TaskRun, folded: FoldedTurn, call: ModelToolCall, step: StepRow, failure: Failure) {
  const data = { tool: call.name, tool_use_id: call.toolUseId, failure: { ...failure } };
  return settleCall(run, folded, call, step, {
    status: 'done',
    record: { content: [{ type: 'text', text: failure.message }], is_error: true },
    failure,
    events: [
      { type: 'tool.gated', stepId: step.id, data },
      { type: 'tool.failed', stepId: step.id, data: { ...data, outcome: 'refused' } },
    ],
  });
}

/** A worker died during a call that must not be repeated: its outcome is unknown, and said to be (I8). */
function reportUnknown(run: TaskRun, folded: FoldedTurn, call: ModelToolCall, step: StepRow) {
  const failure = createFailure(
    'tool_outcome_unknown',
    `The worker stopped during this call of ${call.name}. Whether it took effect is unknown; verify before repeating it.`,
    { detail: { tool: call.name } },
  );
  const data = { tool: call.name, tool_use_id: call.toolUseId, outcome: 'unknown', failure: { ...failure } };
  return settleCall(run, folded, call, step, {
    status: 'unknown',
    record: { content: [{ type: 'text', text: failure.message }], is_error: true },
    failure,
    events: [{ type: 'tool.failed', stepId: step.id, data }],
  });
}

async function finishCall(
  run: TaskRun,
  folded: FoldedTurn,
  call: ModelToolCall,
  step: StepRow,
  outcome: ToolOutcome,
): Promise<ToolsEnd | undefined> {
  const direct = outcome.kind === 'completed' && run.deps.tools.get(call.name)?.returnDirect === true;
  const record: ToolRecord = {
    content: outcome.modelContent,
    is_error: outcome.isError,
    ...(direct && outcome.kind === 'completed' ? { direct: outcome.output } : {}),
  };
  await settleCall(
    run,
    folded,
    call,
    { ...step, attempts: outcome.attempts },
    {
      status: 'done',
      record,
      failure: 'failure' in outcome ? outcome.failure : undefined,
      events: outcome.finalEvents,
    },
  );
  if (outcome.kind === 'failed' && outcome.fatal) {
    return { kind: 'failed', failure: outcome.failure, stepKey: step.stepKey };
  }
  const failure = run.agent.failsTask?.({ name: call.name, outcome });
  if (failure) return { kind: 'failed', failure, stepKey: step.stepKey };
  return direct ? { kind: 'direct', record } : undefined;
}

async function settleCall(
  run: TaskRun,
  folded: FoldedTurn,
  call: ModelToolCall,
  step: StepRow,
  end: { status: 'done' | 'unknown'; record: ToolRecord; failure: Failure | undefined; events: NewEvent[] },
): Promise<undefined> {
  const usage = { tool_calls: 1 };
  const settled: StepRow = {
    ...step,
    status: end.status,
    content: JSON.stringify(end.record),
    failure: end.failure,
    usage,
  };
  run.conversation.usage = { ...run.conversation.usage, tool_calls: run.conversation.usage.tool_calls + 1 };
  folded.tools.set(call.toolUseId, { ...settled, epoch: run.task.epoch, finishedAt: new Date(run.deps.now()) });
  await run.log.commit({ steps: [settled], events: end.events, clearSuspicion: run.task.suspicion > 0 });
  return undefined;
}
