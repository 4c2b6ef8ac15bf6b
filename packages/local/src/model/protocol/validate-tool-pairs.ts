import { ModelApiError } from './api-error.ts';
import type { WireBlock, WireMessage } from './wire-message.ts';

/** Neighbouring messages of one role, which the API joins into one turn before it looks at tool pairs. */
interface Turn {
  role: 'user' | 'assistant';
  /** Index of the turn's first message in the request, for the error path. */
  at: number;
  blocks: { block: WireBlock; path: string }[];
}

function refuse(message: string): never {
  throw new ModelApiError('invalid_request_error', message);
}

function joinTurns(messages: readonly WireMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const [at, message] of messages.entries()) {
    if (message.role === 'system') continue;
    const last = turns[turns.length - 1];
    const turn = last?.role === message.role ? last : { role: message.role, at, blocks: [] };
    if (turn !== last) turns.push(turn);
    turn.blocks.push(...message.content.map((block, index) => ({ block, path: `messages.${at}.content.${index}` })));
  }
  return turns;
}

function idsOf(turn: Turn | undefined, type: 'tool_use' | 'tool_result'): string[] {
  const field = type === 'tool_use' ? 'id' : 'tool_use_id';
  return (turn?.blocks ?? []).flatMap(({ block }) => (block.type === type ? [String(block[field])] : []));
}

function checkResults(turn: Turn, before: Turn | undefined): void {
  const calls = before?.role === 'assistant' ? idsOf(before, 'tool_use') : [];
  const seen = new Set<string>();
  for (const { block, path } of turn.blocks) {
    if (block.type !== 'tool_result') continue;
    const id = String(block.tool_use_id);
    if (!calls.includes(id))
      refuse(
        `${path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    if (seen.has(id))
      refuse(`${path}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`);
    seen.add(id);
  }
}

function checkCalls(turn: Turn, after: Turn | undefined): void {
  const calls = idsOf(turn, 'tool_use');
  if (calls.length === 0) return;
  // Results must lead the user turn: text before them counts as "no result immediately after".
  const leading = after?.role === 'user' ? after.blocks.findIndex(({ block }) => block.type !== 'tool_result') : 0;
  const results = after === undefined || leading === 0 ? [] : idsOf(after, 'tool_result');
  const missing = calls.filter((id) => !results.includes(id));
  if (missing.length > 0)
    refuse(
      `messages.${turn.at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    );
  // Stricter than the API, which takes any order: Nightshift promises source order (ARCHITECTURE 8).
  const answered = [...new Set(results)].filter((id) => calls.includes(id));
  if (answered.some((id, index) => id !== calls[index]))
    refuse(
      `messages.${after?.at ?? turn.at}: \`tool_result\` blocks must be in the order of their \`tool_use\` blocks`,
    );
}

/** Checks that every tool call has exactly one result in the next turn, the other way round, in order, ids unique. */
export function validateToolPairs(messages: readonly WireMessage[]): void {
  const turns = joinTurns(messages);
  const ids = new Set<string>();
  for (const [index, turn] of turns.entries()) {
    for (const id of idsOf(turn, 'tool_use')) {
      if (ids.has(id)) refuse('messages: `tool_use` ids must be unique');
      ids.add(id);
    }
    if (turn.role === 'user') checkResults(turn, turns[index - 1]);
    else checkCalls(turn, turns[index + 1]);
  }
}
