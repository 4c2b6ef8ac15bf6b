import { addUsage, NO_USAGE, type Usage } from '@nightshift/domain';
import type { ModelBlock, ModelMessage } from '@nightshift/model';
import type { JournaledStep } from '@nightshift/store';
import { type ToolRecord, toToolResultBlock } from './tool-record.ts';
import { type TurnRecord, toToolCalls } from './turn-record.ts';

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
}

/** The protocol refuses a message without content. */
const EMPTY_REPLY: ModelBlock = { type: 'text', text: '(no answer)' };

/** Folds the steps of a run and of the runs it resumes into the conversation so far. Pure. */
export function foldJournal(prompt: string, steps: readonly JournaledStep[]): Conversation {
  const turns = new Map<number, FoldedTurn>();
  let usage = NO_USAGE;
  for (const step of steps) usage = addUsage(usage, step.usage ?? {});
  for (const step of steps) {
    if (step.kind !== 'turn' || step.status !== 'done' || step.content === undefined) continue;
    turns.set(step.turn, { turn: step.turn, record: JSON.parse(step.content) as TurnRecord, tools: new Map() });
  }
  for (const step of steps) {
    if (step.kind !== 'tool') continue;
    const tools = turns.get(step.turn)?.tools;
    const toolUseId = step.stepKey.slice(step.stepKey.indexOf(':') + 1);
    const known = tools?.get(toolUseId);
    if (!known || !isSettled(known)) tools?.set(toolUseId, step); // a settled step is never replaced
  }
  return { prompt, turns: [...turns.values()].sort((a, b) => a.turn - b.turn), usage };
}

/** A call whose result the model may see: anything else runs again, or becomes unknown. */
export function isSettled(step: Pick<JournaledStep, 'status'>): boolean {
  return step.status === 'done' || step.status === 'unknown';
}

/** What one turn adds to the history: the model's blocks, then the results of its calls or the runtime's feedback. */
export function toTurnMessages(turn: FoldedTurn): ModelMessage[] {
  const blocks = turn.record.blocks.length > 0 ? turn.record.blocks : [EMPTY_REPLY];
  const messages: ModelMessage[] = [{ role: 'assistant', content: blocks }];
  const results: ModelBlock[] = toToolCalls(turn.record).flatMap((call) => {
    const step = turn.tools.get(call.toolUseId);
    return step?.content === undefined || !isSettled(step)
      ? []
      : [toToolResultBlock(call.toolUseId, JSON.parse(step.content) as ToolRecord)];
  });
  if (turn.record.feedback !== undefined) results.push({ type: 'text', text: turn.record.feedback });
  if (results.length > 0) messages.push({ role: 'user', content: results });
  return messages;
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
