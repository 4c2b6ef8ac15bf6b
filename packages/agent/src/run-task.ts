import { setMaxListeners } from 'node:events';
import { failWith, isCondemned, isFinal, type Json, type StopReason } from '@nightshift/domain';
import { type TaskLog, WriteRefusedError } from '@nightshift/eventlog';
import type { ClaimedTask, Settlement } from '@nightshift/store';
import { z } from 'zod';
import type { AgentDeps } from './agent-deps.ts';
import { checkAnswer } from './check-answer.ts';
import { checkToolLimit, checkTurnLimits } from './check-limits.ts';
import { type Agent, defineAgent } from './define-agent.ts';
import { describeDeaths } from './describe-deaths.ts';
import { type FoldedTurn, foldJournal } from './fold-journal.ts';
import type { Outcome } from './outcome.ts';
import { Probation } from './probation.ts';
import { assertReadable, type Journal, readJournal } from './read-journal.ts';
import { readNewSignals } from './read-new-signals.ts';
import { runTools } from './run-tools.ts';
import { type Ending, toEnding } from './settle-task.ts';
import { ShutdownError } from './stop-reasons.ts';
import { takeTurn } from './take-turn.ts';
import { type TaskRun, toLimits } from './task-run.ts';
import { toOutcome } from './to-outcome.ts';
import { hasUnreadMessage } from './turn-groups.ts';
import { toToolCalls, toTurnText } from './turn-record.ts';

export interface RunTaskOptions {
  task: ClaimedTask;
  log: TaskLog;
  /** Stop now; the reason says why (stop-reasons.ts). */
  signal: AbortSignal;
  /** Stop at the next step boundary. */
  shutdown: AbortSignal;
  /** This process runs nothing else: a suspect goes back to the others as soon as it is cleared. */
  isAlone?: boolean;
}

/** The status an epoch left the task in; `fenced`: somebody else has it, and nothing was written. */
export type EpochEnd = Settlement['to'] | 'fenced';

/** Runs one epoch of a task: folds the journal, goes on from where it ends, settles. Never rejects for a reason of the task. */
export async function runTask(deps: AgentDeps, options: RunTaskOptions): Promise<EpochEnd> {
  const { task, log } = options;
  const logger = deps.log.child({
    task_id: task.taskId,
    epoch: task.epoch,
    tenant_id: task.tenantId,
    agent: task.agent,
  });
  const signal = AbortSignal.any([options.signal, log.signal]);
  setMaxListeners(0, signal); // every call of a turn listens to it
  const epoch = { ...options, signal, logger };
  let run = startRun(deps, epoch, NO_AGENT, { steps: [], droppedUsage: [] });
  let outcome: Outcome;
  try {
    const journal = await readJournal(deps.pool, task);
    // With the journal from the first moment: whatever ends the task keeps its usage and the place where it stopped.
    run = startRun(deps, epoch, NO_AGENT, journal);
    if (task.cancelRequested) outcome = { kind: 'cancelled' };
    else {
      const agent = findAgent(deps, task);
      assertReadable(agent, task, journal);
      run = startRun(deps, epoch, agent, journal);
      if (journal.steps.length > 0)
        logger.info({ steps: journal.steps.length, run: task.run }, 'resumed from the journal');
      const { version, journalVersion } = agent;
      const isPinned = task.agentVersion !== undefined && task.journalVersion === journalVersion;
      if (!isPinned) await log.append({ agentVersion: { version, journalVersion } });
      return await converseToEnd(run);
    }
  } catch (thrown) {
    outcome = toThrownOutcome(run, thrown);
  }
  return (await settle(run, outcome)) ?? 'fenced';
}

/** Goes on for as long as the task is told something that its end does not know of. */
async function converseToEnd(run: TaskRun): Promise<EpochEnd> {
  for (;;) {
    const outcome = await converse(run).catch((thrown: unknown) => toThrownOutcome(run, thrown));
    const end = await settle(run, outcome);
    if (end) return end;
  }
}

function toThrownOutcome(run: TaskRun, thrown: unknown): Outcome {
  const outcome = toOutcome(run.signal.aborted ? run.signal.reason : thrown, lastStepKey(run));
  if (outcome.kind === 'failed') run.logger.warn({ failure: outcome.failure, error: thrown }, 'attempt failed');
  return outcome;
}

/** Stands in until the task's own agent is known, so that whatever happens before can be settled. */
const NO_AGENT = defineAgent({
  name: 'none',
  version: '0',
  model: 'none',
  instructions: '',
  tools: [],
  inputSchema: z.unknown(),
  toPrompt: () => '',
});

function startRun(
  deps: AgentDeps,
  epoch: RunTaskOptions & Pick<TaskRun, 'logger'>,
  agent: Agent,
  { steps, droppedUsage }: Journal,
): TaskRun {
  const { task, log, logger, signal, shutdown } = epoch;
  return {
    deps,
    task,
    agent,
    limits: toLimits(agent, task.limits),
    log,
    logger,
    signal,
    shutdown,
    probation: new Probation(task),
    isAlone: epoch.isAlone === true,
    conversation: foldJournal(toPrompt(agent, task), steps, droppedUsage),
    calibration: 1,
    contextUtilization: agent.contextUtilization,
  };
}

function findAgent(deps: AgentDeps, task: ClaimedTask): Agent {
  if (isCondemned(task)) throw failWith('poison', describeDeaths(task));
  const agent = deps.agents.get(task.agent);
  if (!agent) throw failWith('agent_unknown', `No agent named "${task.agent}" is deployed on this worker.`);
  return agent;
}

/** The input was checked at the door as JSON; here it meets the agent's schema. */
function toPrompt(agent: Agent, task: ClaimedTask): string {
  const input = agent.inputSchema.safeParse(task.input);
  if (input.success) return agent.toPrompt(input.data);
  const issues = input.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
  throw failWith('agent_input_invalid', `The input does not fit the agent "${agent.name}": ${issues.join('; ')}.`);
}

/** Turn, gate, tools, journal, until something ends it. */
async function converse(run: TaskRun): Promise<Outcome> {
  for (;;) {
    run.signal.throwIfAborted();
    await readNewSignals(run);
    const last = run.conversation.turns.at(-1);
    const outcome = last && (await continueFrom(run, last));
    if (outcome) return outcome;
    if (run.shutdown.aborted) throw new ShutdownError('the worker is going down');
    if (run.isAlone && run.probation.isOver) throw new ShutdownError('the task is no suspect any more');
    const exhausted = checkTurnLimits(run);
    if (exhausted) return exhausted;
    await readNewSignals(run);
    await takeTurn(run);
  }
}

/** What follows a finished turn: its tools, or the end. Undefined: another turn. */
async function continueFrom(run: TaskRun, last: FoldedTurn): Promise<Outcome | undefined> {
  const { record } = last;
  switch (record.stop_reason) {
    case 'tool_use': {
      const calls = toToolCalls(record);
      const exhausted = checkToolLimit(run, calls.filter((call) => !isCounted(last, call.toolUseId)).length);
      if (exhausted) return exhausted;
      const end = await runTools(run, last, calls);
      if (end?.kind === 'failed') return { kind: 'failed', failure: end.failure, lastStepKey: end.stepKey };
      if (end?.kind === 'direct') return complete(end.result, 'end_turn');
      return undefined;
    }
    case 'pause_turn':
      return undefined;
    case 'refusal':
      return complete({ text: toTurnText(record) }, 'refusal');
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return complete({ text: toTurnText(record) }, 'max_output');
    case 'end_turn':
    case 'stop_sequence': {
      if (record.feedback !== undefined) return undefined;
      if (hasUnreadMessage(run.conversation) && !checkTurnLimits(run)) return undefined;
      const answer = checkAnswer(run.agent, record);
      return complete(answer.kind === 'valid' ? answer.result : { text: toTurnText(record) }, 'end_turn');
    }
  }
}

function complete(result: Json, stopReason: StopReason): Outcome {
  return { kind: 'completed', result, stopReason, partial: stopReason !== 'end_turn' };
}

/** Whether the usage has the call already: it ended, in this run or before a replay. */
function isCounted(turn: FoldedTurn, toolUseId: string): boolean {
  const step = turn.tools.get(toolUseId);
  return step !== undefined && step.status !== 'intent';
}

function lastStepKey(run: TaskRun): string | undefined {
  const last = run.conversation.turns.at(-1);
  return last && `t${last.turn}`;
}

/**
 * Exactly one of cancel and completion wins: a settlement that comes after the cancel becomes a cancellation. Undefined
 * when the task was told something before: it goes on.
 */
async function settle(run: TaskRun, outcome: Outcome): Promise<EpochEnd | undefined> {
  if (outcome.kind === 'fenced') return 'fenced';
  try {
    await run.log.voidOpenTurn();
    const settled = await trySettle(run, toEnding(run, outcome));
    if (settled === 'signal_first') return undefined;
    if (settled !== 'cancel_first') return settled;
    return toEpochEnd(await trySettle(run, toEnding(run, { kind: 'cancelled' })));
  } catch (thrown) {
    const refused = toOutcome(thrown);
    if (refused.kind === 'fenced') return 'fenced';
    if (!(thrown instanceof WriteRefusedError) || refused.kind !== 'failed') throw thrown;
    // What was to be settled cannot be stored: the task fails with nothing of it, rather than running for ever.
    const bare = { ...run, task: { ...run.task, history: [] } };
    return toEpochEnd(await trySettle(bare, toEnding(bare, refused)));
  }
}

function toEpochEnd(settled: EpochEnd | 'cancel_first' | 'signal_first'): EpochEnd {
  return settled === 'cancel_first' || settled === 'signal_first' ? 'fenced' : settled;
}

/** Says what came first when nothing was written. */
async function trySettle(
  run: TaskRun,
  { settlement, write }: Ending,
): Promise<EpochEnd | 'cancel_first' | 'signal_first'> {
  const answer = await run.log.settle(settlement, write);
  if (answer !== 'settled') return answer;
  const { metrics, now } = run.deps;
  const { to, deadLetter } = settlement;
  if (isFinal(to)) {
    const seconds = Math.max(0, now() - run.task.createdAt.getTime()) / 1000;
    metrics.taskDuration.observe({ agent: run.task.agent, outcome: to }, seconds);
  }
  if (deadLetter) metrics.deadLetters.inc({ reason: deadLetter.reason });
  run.logger.info({ status: to, usage: run.conversation.usage }, 'task settled');
  return to;
}
