import { failWith } from '@nightshift/domain';
import { estimateMessageTokens, type ModelBlock, type ModelMessage } from '@nightshift/model';
import { mergeRoles } from './fold-journal.ts';

/** Turns at the end that are never pruned, and whose results are cut only when nothing else helps. */
const LATEST_TURNS_KEPT = 3;
/** A result shorter than this is not worth truncating. */
const MIN_TRUNCATED_CHARS = 1_500;
const HEAD_CHARS = 400;
const TAIL_CHARS = 200;
/** Share of the budget that the text of pruned turns may keep. */
const NOTES_SHARE = 0.15;

/** One turn's messages: the assistant's, and the user's that answers its calls. They stay or go together. */
export interface TurnGroup {
  turn: number;
  messages: ModelMessage[];
}

export interface FittedContext {
  messages: ModelMessage[];
  estimatedTokens: number;
  /** Tool results that were shortened, and turns that were left out. */
  truncatedCount: number;
  prunedTurns: number[];
}

/**
 * Makes the conversation fit the budget (ARCHITECTURE.md 8): first older tool results are truncated, oldest first; then
 * the oldest turns are left out as a whole, their text kept as notes as far as it fits; then the latest results are
 * truncated as well. The task's prompt and the latest turns always stay. Deterministic: the same journal gives the same
 * request.
 */
export function fitContext(options: {
  prompt: string;
  groups: readonly TurnGroup[];
  /** Tokens for the messages: the budget less system prompt and tools. */
  budgetTokens: number;
  /** Measured tokens per estimated token of the last request; 1 when there was none. */
  calibration: number;
}): FittedContext {
  const costOf = (messages: readonly ModelMessage[]) =>
    Math.ceil(messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0) * options.calibration);
  const prompt: ModelMessage = { role: 'user', content: [{ type: 'text', text: options.prompt }] };
  const groups = options.groups.map((group) => ({ ...group, cost: costOf(group.messages) }));
  let total = costOf([prompt]) + groups.reduce((sum, group) => sum + group.cost, 0);
  let truncatedCount = 0;

  const truncateFrom = (first: number, last: number) => {
    for (let i = first; i < last && total > options.budgetTokens; i++) {
      const group = groups[i];
      if (!group) continue;
      const truncated = truncateResults(group.messages);
      if (truncated.count === 0) continue;
      const cost = costOf(truncated.messages);
      total += cost - group.cost;
      truncatedCount += truncated.count;
      groups[i] = { turn: group.turn, messages: truncated.messages, cost };
    }
  };

  truncateFrom(0, groups.length - LATEST_TURNS_KEPT);
  const pruned: typeof groups = [];
  const notesTokens = Math.floor(options.budgetTokens * NOTES_SHARE);
  while (total + (pruned.length > 0 ? notesTokens : 0) > options.budgetTokens && groups.length > LATEST_TURNS_KEPT) {
    const group = groups.shift();
    if (!group) break;
    total -= group.cost;
    pruned.push(group);
  }
  const notes = toNotes(pruned, notesTokens / options.calibration);
  total += costOf(notes);
  truncateFrom(0, groups.length);
  if (total > options.budgetTokens) {
    throw failWith(
      'context_exhausted',
      `The conversation needs about ${total} tokens and at most ${options.budgetTokens} fit, even without older turns.`,
    );
  }
  return {
    messages: mergeRoles([prompt, ...notes, ...groups.flatMap((group) => group.messages)]),
    estimatedTokens: total,
    truncatedCount,
    prunedTurns: pruned.map((group) => group.turn),
  };
}

function truncateResults(messages: readonly ModelMessage[]): { messages: ModelMessage[]; count: number } {
  let count = 0;
  const shortened = messages.map((message) => ({
    ...message,
    content: message.content.map((block) => {
      const text = textOfResult(block);
      if (text === undefined || text.length < MIN_TRUNCATED_CHARS) return block;
      count += 1;
      return { ...block, content: [{ type: 'text', text: truncateText(text) }] };
    }),
  }));
  return { messages: shortened, count };
}

function truncateText(text: string): string {
  const left = text.length - HEAD_CHARS - TAIL_CHARS;
  const note = `[truncated: ${left} characters were left out to fit the context window; call the tool again to read them]`;
  return `${text.slice(0, HEAD_CHARS)}\n${note}\n${text.slice(-TAIL_CHARS)}`.toWellFormed();
}

function textOfResult(block: ModelBlock): string | undefined {
  if (block.type !== 'tool_result' || !Array.isArray(block.content)) return undefined;
  return block.content
    .map((part) => (part !== null && typeof part === 'object' && 'text' in part ? String(part.text) : ''))
    .join('\n');
}

/** What the model itself wrote in turns that are left out: one pair of messages in their place. Newest notes win. */
function toNotes(pruned: readonly TurnGroup[], maxTokens: number): ModelMessage[] {
  if (pruned.length === 0) return [];
  const texts = pruned.flatMap((group) => group.messages.filter((m) => m.role === 'assistant')).flatMap(textsOf);
  const kept: ModelBlock[] = [];
  let tokens = 0;
  for (const text of texts.reverse()) {
    const block: ModelBlock = { type: 'text', text };
    tokens += estimateMessageTokens({ role: 'assistant', content: [block] });
    if (tokens > maxTokens) break;
    kept.unshift(block);
  }
  const said: ModelBlock = {
    type: 'text',
    text: `[pruned: ${pruned.length} earlier turns and their tool results were left out to fit the context window; what you wrote in them is above as far as it fits. Continue.]`,
  };
  const notes = kept.length > 0 ? kept : [{ type: 'text', text: '[notes of earlier turns were left out]' }];
  return [
    { role: 'assistant', content: notes },
    { role: 'user', content: [said] },
  ];
}

function textsOf(message: ModelMessage): string[] {
  return message.content
    .filter((block) => block.type === 'text' && String(block.text ?? '').trim() !== '')
    .map((block) => String(block.text));
}
