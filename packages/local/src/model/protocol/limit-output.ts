import type { ScriptedBlock } from '../script/scripted-reply.ts';
import { countTextTokens } from './count-tokens.ts';

/** What the stand-in said, after the limits of the request were applied. */
export interface LimitedOutput {
  content: ScriptedBlock[];
  stopReason: string;
  stopSequence: string | null;
}

function textOf(block: ScriptedBlock): string {
  if (block.type === 'text') return block.text;
  return block.type === 'tool_use' ? (block.raw_json ?? JSON.stringify(block.input ?? {})) : '';
}

/** Keeps about `budget` tokens of a block, as a model that runs into its limit in the middle of it. */
function cutBlock(block: ScriptedBlock, budget: number): ScriptedBlock | undefined {
  const text = textOf(block);
  const kept = text.slice(0, Math.floor((text.length * budget) / Math.max(1, countTextTokens(text))));
  if (block.type === 'tool_use') return { ...block, raw_json: kept };
  return block.type === 'text' && kept.trim() !== '' ? { ...block, text: kept } : undefined;
}

function findStop(content: readonly ScriptedBlock[], sequences: readonly string[]) {
  for (const [at, block] of content.entries()) {
    if (block.type !== 'text') continue;
    for (const sequence of sequences) {
      const index = block.text.indexOf(sequence);
      if (index >= 0) return { at, sequence, text: block.text.slice(0, index) };
    }
  }
  return undefined;
}

/** Applies `stop_sequences`, `max_tokens` and the rest of the context window to an answer, with the stop reason. */
export function limitOutput(
  content: readonly ScriptedBlock[],
  { maxTokens, windowTokens, stopSequences }: { maxTokens: number; windowTokens: number; stopSequences: string[] },
): LimitedOutput {
  const stop = findStop(content, stopSequences);
  const spoken: ScriptedBlock[] =
    stop === undefined
      ? [...content]
      : [...content.slice(0, stop.at), ...(stop.text === '' ? [] : [{ type: 'text' as const, text: stop.text }])];
  let left = Math.min(maxTokens, windowTokens);
  for (const [at, block] of spoken.entries()) {
    const tokens = countTextTokens(textOf(block));
    if (tokens <= left) {
      left -= tokens;
      continue;
    }
    const cut = cutBlock(block, left);
    return {
      content: [...spoken.slice(0, at), ...(cut === undefined ? [] : [cut])],
      stopReason: maxTokens <= windowTokens ? 'max_tokens' : 'model_context_window_exceeded',
      stopSequence: null,
    };
  }
  if (stop !== undefined) return { content: spoken, stopReason: 'stop_sequence', stopSequence: stop.sequence };
  const calls = spoken.some((block) => block.type === 'tool_use');
  return { content: spoken, stopReason: calls ? 'tool_use' : 'end_turn', stopSequence: null };
}
