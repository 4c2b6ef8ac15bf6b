import { createHash } from 'node:crypto';
import {
  addUsage,
  createFailure,
  createId,
  type Failure,
  type Json,
  mayRunAgain,
  type NewEvent,
  toCanonicalJson,
} from '@nightshift/domain';
import type { ModelToolCall } from '@nightshift/model';
import { createSemaphore } from '@nightshift/resilience';
import type { JournaledStep, StepRow } from '@nightshift/store';
import {
  type CheckedToolCall,
  checkToolCall,
  createRefusedOutcome,
  createUnknownOutcome,
  executeTool,
  type PreparedToolCall,
  type ToolOutcome,
  type VerifiedCall,
  verifyCall,
} from '@nightshift/tools';
import { stoppedAtQuestion } from './ask-person.ts';
import { CallTransaction } from './call-transaction.ts';
import { type FoldedTurn, isSettled } from './fold-journal.ts';
import { joinParks, ParkError, ShutdownError } from './stop-reasons.ts';
import type { TaskRun } from './task-run.ts';
import type { ToolRecord } from './tool-record.ts';
import { createToolScope } from './tool-scope.ts';
import { TransactionRefusedError } from './transaction-refused-error.ts';

/** More calls than this in one turn are refused, with a message the model can act on. */
const MAX_CALLS_PER_TURN = 64;

/** A bigger input is shown in its event by its size only. */
const MAX_EVENT_INPUT_BYTES = 32_000;

/** A call that ended the task: its failure, or the result that is the task's answer. */
export type ToolsEnd = { kind: 'failed'; failure: Failure; stepKey: string } | { kind: 'direct'; result: Json };

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
      const before = folded.tools.get(call.toolUseId);
      if (before && isSettled(before)) return findEnd(run, call, before);
      const release = await slots.acquire(run.signal);
      try {
        if (run.shutdown.aborted) throw new ShutdownError('the worker is going down');
        return await runCall(run, folded, call, index + 1);
      } finally {
        release();
      }
    }),
  );
  const reasons = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  const parks = reasons.filter((reason) => reason instanceof ParkError);
  if (reasons.length > parks.length) throw reasons.find((reason) => !(reason instanceof ParkError));
  const found = ends.flatMap((end) => (end.status === 'fulfilled' && end.value ? [end.value] : []));
  const failed = found.find((end) => end.kind === 'failed');
  const [park, ...otherParks] = parks;
  if (!failed && park) throw joinParks([park, ...otherParks]);
  return failed ?? found[0];
}

/** What a settled call means for the task: a crash may have come before the task was settled with it. */
function findEnd(run: TaskRun, call: ModelToolCall, step: JournaledStep): ToolsEnd | undefined {
  if (step.status === 'unknown') {
    // A replay goes on after it: whoever asked for that knows of it.
    if (step.run !== run.task.run) return undefined;
    const failure = findFatalFailure(run, call, createUnknownOutcome(toNamedCall(call, step)));
    return failure && { kind: 'failed', failure, stepKey: step.stepKey };
  }
  const record = JSON.parse(step.content ?? '{}') as Partial<ToolRecord>;
  return record.direct === undefined ? undefined : { kind: 'direct', result: record.direct };
}

async function runCall(
  run: TaskRun,
  folded: FoldedTurn,
  call: ModelToolCall,
  position: number,
): Promise<ToolsEnd | undefined> {
  const before = folded.tools.get(call.toolUseId);
  if (before?.status === 'void' && before.run === run.task.run && before.failure) {
    return { kind: 'failed', failure: before.failure, stepKey: before.stepKey }; // a crash came before the settlement
  }
  const step = before ? toStepAgain(before, run.task.run) : toNewStep(run, folded, call, position);
  // Before the gate: a call that may have happened is unknown, whatever became of its tool meanwhile.
  const mayRun = mayRunAgain(before?.effectClass ?? 'unsafe') || stoppedAtQuestion(run, step.stepKey);
  if (before?.status === 'intent' && !mayRun) {
    const found = await verifyBefore(run, call, step, position);
    if (found.kind === 'adopt') return finishCall(run, folded, call, step, found.outcome);
    if (found.kind === 'unknown') {
      return finishCall(run, folded, call, step, createUnknownOutcome(toNamedCall(call, step)));
    }
  }
  const checked = checkCall(run, call, position);
  if (checked.kind === 'refused') {
    const named = toNamedCall(call, step);
    await run.log.append({ events: [toGatedEvent(named, checked.failure)] });
    return finishCall(run, folded, call, step, createRefusedOutcome(named, checked.failure));
  }
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
  // A call that waits and goes on in this epoch is the same call, as it would be in the next one.
  folded.tools.set(call.toolUseId, { ...intent, epoch: run.task.epoch, finishedAt: undefined });
  const transaction = new CallTransaction(run);
  try {
    const scope = createToolScope(run, intent, call, { idempotencyKey, transaction });
    const outcome = await executeTool({ ...run.deps, registry: run.deps.tools }, checked, scope);
    return await finishCall(run, folded, call, intent, outcome, transaction);
  } finally {
    await transaction.rollBack();
  }
}

/** What became of a call that must not simply run again: asked of its tool, if that can tell by the key. */
async function verifyBefore(run: TaskRun, call: ModelToolCall, step: StepRow, position: number): Promise<VerifiedCall> {
  const checked = checkCall(run, call, position);
  if (step.effectClass !== 'verifiable' || step.idempotencyKey === undefined || checked.kind === 'refused') {
    return { kind: 'unknown' };
  }
  const transaction = new CallTransaction(run);
  const scope = createToolScope(run, step, call, { idempotencyKey: step.idempotencyKey, transaction });
  return verifyCall({ ...run.deps, registry: run.deps.tools }, checked, scope);
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
  const inputBytes = Buffer.byteLength(call.inputJson);
  return {
    type: 'tool.requested',
    stepId: step.id,
    data: {
      tool: call.name,
      tool_use_id: call.toolUseId,
      effect_class: step.effectClass ?? null,
      ...(inputBytes <= MAX_EVENT_INPUT_BYTES ? { input: checked.rawInput } : { input_bytes: inputBytes }),
    },
  };
}

function checkCall(run: TaskRun, call: ModelToolCall, position: number): CheckedToolCall {
  if (position > MAX_CALLS_PER_TURN) {
    const message = `At most ${MAX_CALLS_PER_TURN} tool calls fit in one turn; this one did not run.`;
    return { kind: 'refused', failure: createFailure('tool_rejected', message, { detail: { tool: call.name } }) };
  }
  const granted = new Set(run.agent.tools.map((tool) => tool.name));
  return checkToolCall({ registry: run.deps.tools, granted, call });
}

function toNamedCall(call: ModelToolCall, step: StepRow) {
  return { callId: step.id, toolUseId: call.toolUseId, tool: call.name };
}

function toGatedEvent(call: ReturnType<typeof toNamedCall>, failure: Failure): NewEvent {
  const data = { tool: call.tool, tool_use_id: call.toolUseId, failure: { ...failure } };
  return { type: 'tool.gated', stepId: call.callId, data };
}

/** Journals what became of a call, with its final events. A failure that ends the task is journaled as void. */
async function finishCall(
  run: TaskRun,
  folded: FoldedTurn,
  call: ModelToolCall,
  step: StepRow,
  outcome: ToolOutcome,
  transaction?: CallTransaction,
): Promise<ToolsEnd | undefined> {
  const failure = findFatalFailure(run, call, outcome);
  const direct = outcome.kind === 'completed' && run.deps.tools.get(call.name)?.returnDirect === true;
  const record: ToolRecord = {
    content: outcome.modelContent,
    is_error: outcome.isError,
    ...(direct && outcome.kind === 'completed' ? { direct: outcome.output } : {}),
  };
  const settled: StepRow = {
    ...step,
    // Void: it is known to have failed, and a resumed run tries it again under the same key.
    status: outcome.kind === 'unknown' ? 'unknown' : failure ? 'void' : 'done',
    content: JSON.stringify(record),
    failure: failure ?? ('failure' in outcome ? outcome.failure : undefined),
    attempts: Math.max(1, outcome.attempts),
    usage: { tool_calls: 1 },
  };
  const refused = failure ? undefined : await commitTransaction(run, call, settled, outcome, transaction);
  if (refused) return finishCall(run, folded, call, step, refused);
  run.conversation.usage = addUsage(run.conversation.usage, { tool_calls: 1 });
  folded.tools.set(call.toolUseId, { ...settled, epoch: run.task.epoch, finishedAt: new Date(run.deps.now()) });
  const clearSuspicion = outcome.kind !== 'unknown' && run.probation.noteStep();
  if (transaction?.isCommitted) await run.log.append({ clearSuspicion });
  else await run.log.commit({ steps: [settled], events: outcome.finalEvents, clearSuspicion });
  if (failure) return { kind: 'failed', failure, stepKey: step.stepKey };
  return record.direct === undefined ? undefined : { kind: 'direct', result: record.direct };
}

/** Commits what the tool wrote together with the settled step. Gives the outcome instead when Postgres refuses that. */
async function commitTransaction(
  run: TaskRun,
  call: ModelToolCall,
  settled: StepRow,
  outcome: ToolOutcome,
  transaction: CallTransaction | undefined,
): Promise<ToolOutcome | undefined> {
  if (!transaction?.isOpen) return undefined;
  try {
    await transaction.commit(settled, outcome.finalEvents);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof TransactionRefusedError)) throw thrown;
    run.logger.warn({ tool: call.name, error: thrown.message }, 'the database refused what a tool wrote');
    const message = `"${call.name}" failed: the database refused what it wrote, and nothing of it was written: ${thrown.message}`;
    const failure = createFailure('tool_failed', message, { retryable: false, detail: { tool: call.name } });
    return createRefusedOutcome(toNamedCall(call, settled), failure);
  }
}

/** The failure with which the call ends the task: only an operator's replay tries again. */
function findFatalFailure(run: TaskRun, call: ModelToolCall, outcome: ToolOutcome): Failure | undefined {
  const fatal =
    (outcome.kind === 'failed' && outcome.fatal) ||
    (outcome.kind === 'unknown' && run.deps.tools.get(call.name)?.onUnknownOutcome === 'fail');
  const failure = fatal ? outcome.failure : run.agent.failsTask?.({ name: call.name, outcome });
  return failure && { ...failure, retryable: false };
}
