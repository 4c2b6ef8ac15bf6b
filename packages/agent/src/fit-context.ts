import { failWith } from '@nightshift/domain';
import { estimateMessageTokens, type ModelBlock, type ModelMessage } from '@nightshift/model';
import { mergeRoles } from './fold-journal.ts';
import type { TurnGroup } from './turn-groups.ts';

/** Turns at the end whose results are cut, and which are left out, only when nothing else helps. */
const LATEST_TURNS_KEPT = 3;
/** A result shorter than this is not worth truncating. */
const MIN_TRUNCATED_CHARS = 1_500;
const HEAD_CHARS = 400;
const TAIL_CHARS = 200;
/** Share of the budget that the text of pruned turns may keep. */
const NOTES_SHARE = 0.15;

export interface FittedContext {
  messages: ModelMessage[];
  estimatedTokens: number;
  /** Tool results that were shortened, and turns that were left out. */
  truncatedCount: number;
  prunedTurns: number[];
}

export interface FitContextOptions {
  prompt: string;
  groups: readonly TurnGroup[];
  /** Tokens for the messages: the budget less system prompt and tools. */
  budgetTokens: number;
  /** Measured tokens per estimated token of the last request; 1 when there was none. */
  calibration: number;
}

/**
 * Makes the conversation fit the budget (ARCHITECTURE.md 8): first older tool results are truncated, oldest first; then
 * the oldest turns are left out as a whole, their text kept as notes as far as it fits; then the latest results are
 * truncated and, if that is still too much, all turns but the last are left out. The task's prompt and the last turn
 * always stay. Deterministic: the same conversation gives the same request. Throws `context_exhausted`.
 */
export function fitContext(options: FitContextOptions): FittedContext {
  const fit = new Fit(options);
  fit.truncate(fit.groups.length - LATEST_TURNS_KEPT);
  fit.prune(LATEST_TURNS_KEPT);
  fit.truncate(fit.groups.length);
  fit.prune(1);
  if (fit.totalTokens > options.budgetTokens) {
    throw failWith(
      'context_exhausted',
      `The conversation needs about ${fit.totalTokens} tokens and at most ${options.budgetTokens} fit, even without older turns.`,
    );
  }
  return {
    messages: mergeRoles([fit.prompt, ...fit.notes, ...fit.groups.flatMap((group) => group.messages)]),
    estimatedTokens: fit.totalTokens,
    truncatedCount: fit.truncatedCount,
    prunedTurns: fit.pruned.map((group) => group.turn),
  };
}

interface CostedGroup extends TurnGroup {
  cost: number;
  truncated: number;
}

/** A conversation while it is made smaller, with its cost. */
class Fit {
  readonly prompt: ModelMessage;
  readonly groups: CostedGroup[];
  readonly pruned: CostedGroup[] = [];
  /** What stands in for the pruned turns. */
  notes: ModelMessage[] = [];
  readonly #options: FitContextOptions;

  constructor(options: FitContextOptions) {
    this.#options = options;
    this.prompt = { role: 'user', content: [{ type: 'text', text: options.prompt }] };
    this.groups = options.groups.map((group) => ({ ...group, cost: this.#costOf(group.messages), truncated: 0 }));
  }

  get totalTokens(): number {
    const turns = this.groups.reduce((sum, group) => sum + group.cost, 0);
    return this.#costOf([this.prompt]) + this.#costOf(this.notes) + turns;
  }

  get truncatedCount(): number {
    return this.groups.reduce((sum, group) => sum + group.truncated, 0);
  }

  /** Shortens long tool results of the first `count` groups, oldest first, until it fits. */
  truncate(count: number): void {
    let excess = this.#excess();
    for (const [index, group] of this.groups.entries()) {
      if (index >= count || excess <= 0) return;
      const { messages, count: truncated } = truncateResults(group.messages);
      if (truncated === 0) continue;
      const cost = this.#costOf(messages);
      excess += cost - group.cost;
      this.groups[index] = { turn: group.turn, messages, cost, truncated };
    }
  }

  /** Leaves out the oldest groups until it fits or only `keep` are left. */
  prune(keep: number): void {
    const notesTokens = Math.floor(this.#options.budgetTokens * NOTES_SHARE);
    let excess = this.#excess();
    if (excess <= 0 || this.groups.length <= keep) return;
    excess += notesTokens - this.#costOf(this.notes);
    while (excess > 0 && this.groups.length > keep) {
      const group = this.groups.shift();
      if (!group) break;
      excess -= group.cost;
      this.pruned.push(group);
    }
    this.notes = toNotes(this.pruned, (message) => this.#costOf([message]) <= notesTokens);
  }

  #excess(): number {
    return this.totalTokens - this.#options.budgetTokens;
  }

  #costOf(messages: readonly ModelMessage[]): number {
    const estimated = messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0);
    return Math.ceil(estimated * this.#options.calibration);
  }
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
function toNotes(pruned: readonly TurnGroup[], fits: (notes: ModelMessage) => boolean): ModelMessage[] {
  const texts = pruned.flatMap((group) => group.messages.filter((m) => m.role === 'assistant')).flatMap(textsOf);
  let kept: ModelMessage = { role: 'assistant', content: [] };
  for (const text of texts.reverse()) {
    const more: ModelMessage = { role: 'assistant', content: [{ type: 'text', text }, ...kept.content] };
    if (!fits(more)) break;
    kept = more;
  }
  if (kept.content.length === 0) kept.content.push({ type: 'text', text: '[notes of earlier turns were left out]' });
  const said = `[pruned: ${pruned.length} earlier turns and their tool results were left out to fit the context window; what you wrote in them is above as far as it fits. Continue.]`;
  return [kept, { role: 'user', content: [{ type: 'text', text: said }] }];
}

function textsOf(message: ModelMessage): string[] {
  return message.content
    .filter((block) => block.type === 'text' && String(block.text ?? '').trim() !== '')
    .map((block) => String(block.text));
}
