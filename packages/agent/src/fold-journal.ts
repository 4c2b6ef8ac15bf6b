import { addUsage, NO_USAGE, type Usage } from '@nightshift/domain';
import type { ModelBlock, ModelMessage } from '@nightshift/model';
import type { JournaledStep, Signal } from '@nightshift/store';
import { type ToolRecord, toNotRunBlock, toToolResultBlock } from './tool-record.ts';
import type { TurnRecord } from './turn-record.ts';

/** A turn of the conversation with what became of its tool calls. */
export interface FoldedTurn {
  turn: number;
  record: TurnRecord;
  /** Steps of its tool calls by tool_use id: results, and intents whose result is missing. */
  tools: Map<string, JournaledStep>;
}

/** Where a task stands, by its journal: everything that a new epoch needs to go on. */
export interface Conversation {
  prompt: string;
  turns: FoldedTurn[];
  usage: Usage;
  /** Replies that were paid for and could not be used. */
  discardedReplies: number;
  /** Questions to people by the key of their answer; of a question that is asked again in a later run, the later row. */
  questions: Map<string, JournaledStep>;
  /** What the task was told so far, in order, and the number of the newest of it; -1 before the first look. */
  signals: Signal[];
  signalNo: number;
}

/** The protocol refuses a message without content. */
const EMPTY_REPLY: ModelBlock = { type: 'text', text: '(no answer)' };

/**
 * Folds the steps that a run can see into the conversation so far; what the steps have cost that it does not keep counts
 * all the same. Pure.
 */
export function foldJournal(
  prompt: string,
  steps: readonly JournaledStep[],
  droppedUsage: readonly Partial<Usage>[] = [],
): Conversation {
  const turns = new Map<number, FoldedTurn>();
  const usage = [...droppedUsage, ...steps.map((step) => step.usage ?? {})].reduce<Usage>(addUsage, NO_USAGE);
  let discardedReplies = 0;
  for (const step of steps) {
    if (step.kind !== 'turn') continue;
    if (step.status === 'void') discardedReplies++;
    if (step.status !== 'done' || step.content === undefined) continue;
    turns.set(step.turn, { turn: step.turn, record: JSON.parse(step.content) as TurnRecord, tools: new Map() });
  }
  for (const step of steps) {
    if (step.kind !== 'tool') continue;
    const tools = turns.get(step.turn)?.tools;
    const toolUseId = step.stepKey.slice(step.stepKey.indexOf(':') + 1);
    const known = tools?.get(toolUseId);
    if (!known || !isSettled(known)) tools?.set(toolUseId, step); // a settled step is never replaced
  }
  return {
    prompt,
    turns: [...turns.values()].sort((a, b) => a.turn - b.turn),
    usage,
    discardedReplies,
    questions: foldQuestions(steps),
    signals: [],
    signalNo: -1,
  };
}

function foldQuestions(steps: readonly JournaledStep[]): Map<string, JournaledStep> {
  const questions = new Map<string, JournaledStep>();
  for (const step of steps) {
    if (step.kind !== 'question' || step.idempotencyKey === undefined) continue;
    if (questions.get(step.idempotencyKey)?.status !== 'done') questions.set(step.idempotencyKey, step);
  }
  return questions;
}

/** A call whose result the model may see: anything else runs again, or becomes unknown. */
export function isSettled(step: Pick<JournaledStep, 'status'>): boolean {
  return step.status === 'done' || step.status === 'unknown';
}

/**
 * What one turn adds to the history: the model's blocks, then the results of its calls or the runtime's feedback. Every
 * `tool_use` has a result (I10): one of a turn that did not stop to use tools is told that it did not run.
 */
export function toTurnMessages(turn: FoldedTurn): ModelMessage[] {
  const { record } = turn;
  const content = record.blocks.length > 0 ? record.blocks : [EMPTY_REPLY];
  const answer = record.blocks
    .filter((block) => block.type === 'tool_use')
    .map((block) => {
      const toolUseId = String(block.id);
      const step = turn.tools.get(toolUseId);
      return step?.content !== undefined && isSettled(step)
        ? toToolResultBlock(toolUseId, JSON.parse(step.content) as ToolRecord)
        : toNotRunBlock(toolUseId, record.stop_reason);
    });
  if (record.feedback !== undefined) answer.push({ type: 'text', text: record.feedback });
  const said: ModelMessage = { role: 'assistant', content };
  return answer.length > 0 ? [said, { role: 'user', content: answer }] : [said];
}

/** Messages of one role in a row become one: a turn that paused and the one that continued it. */
export function mergeRoles(messages: readonly ModelMessage[]): ModelMessage[] {
  const merged: ModelMessage[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last?.role === message.role) last.content = [...last.content, ...message.content];
    else merged.push({ ...message });
  }
  return merged;
}
