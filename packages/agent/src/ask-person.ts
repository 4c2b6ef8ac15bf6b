import { createId, type Json, type JsonObject } from '@nightshift/domain';
import type { ModelToolCall } from '@nightshift/model';
import type { JournaledStep, StepRow } from '@nightshift/store';
import type { ToolQuestion } from '@nightshift/tools';
import { readNewSignals } from './read-new-signals.ts';
import { ParkError } from './stop-reasons.ts';
import type { TaskRun } from './task-run.ts';

/** A question as the journal keeps it; readers of events see it like this, too. */
interface QuestionRecord {
  key: string;
  prompt: string;
  schema: JsonObject;
  tool: string;
  tool_use_id: string;
  /** Once it was used. */
  answer?: Json;
}

/**
 * Asks a person: the question is journaled as an intent, the answer as its result before the tool gets it. So it is asked
 * once and its answer used once, whatever crashes. Rejects with a ParkError while there is no answer.
 */
export async function askPerson(
  run: TaskRun,
  { step, call }: { step: StepRow; call: ModelToolCall },
  question: ToolQuestion,
): Promise<Json> {
  const { key, number, prompt, schema } = question;
  const known = run.conversation.questions.get(key);
  if (known?.status === 'done') return toQuestionRecord(known).answer ?? null;
  const record = known
    ? toQuestionRecord(known)
    : { key, prompt, schema, tool: call.name, tool_use_id: call.toolUseId };
  const intent = known ?? toIntent(run, step, { number, record });
  if (!known) {
    run.conversation.questions.set(key, intent);
    await run.log.commit({
      steps: [intent],
      events: [{ type: 'input.requested', stepId: step.id, data: { ...record } }],
    });
  }
  await readNewSignals(run);
  const signal = run.conversation.signals.find((told) => told.kind === 'input' && told.key === key);
  if (!signal) throw new ParkError('input');
  const done: JournaledStep = {
    ...intent,
    run: run.task.run,
    status: 'done',
    content: JSON.stringify({ ...record, answer: signal.payload }),
  };
  await run.log.commit({ steps: [done] });
  run.conversation.questions.set(key, done);
  return signal.payload;
}

/** What a person is being asked: the questions of this conversation without an answer. */
export function listOpenQuestions(run: Pick<TaskRun, 'conversation'>): Json[] {
  const answered = new Set(run.conversation.signals.map((signal) => signal.key));
  return [...run.conversation.questions.values()]
    .filter((step) => step.status === 'intent' && !answered.has(step.idempotencyKey))
    .map((step) => ({ ...toQuestionRecord(step) }));
}

/**
 * Whether a call with an intent had stopped at a question: what comes after the question has not happened, so even an
 * unsafe tool may be started again to get its answer.
 */
export function stoppedAtQuestion(run: Pick<TaskRun, 'conversation'>, stepKey: string): boolean {
  const asked = [...run.conversation.questions.values()].filter((step) => step.stepKey.startsWith(`${stepKey}?`));
  return asked.some((step) => step.status === 'intent');
}

function toIntent(
  run: TaskRun,
  step: StepRow,
  { number, record }: { number: number; record: QuestionRecord },
): JournaledStep {
  return {
    id: createId('step'),
    run: run.task.run,
    stepKey: `${step.stepKey}?${number}`,
    turn: step.turn,
    position: step.position,
    kind: 'question',
    name: step.name,
    status: 'intent',
    idempotencyKey: record.key,
    content: JSON.stringify(record),
    attempts: 1,
    startedAt: new Date(run.deps.now()),
    epoch: run.task.epoch,
    finishedAt: undefined,
  };
}

function toQuestionRecord(step: Pick<JournaledStep, 'content'>): QuestionRecord {
  return JSON.parse(step.content ?? '{}') as QuestionRecord;
}
