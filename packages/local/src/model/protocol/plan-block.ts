import type { ScriptedBlock } from '../script/scripted-reply.ts';
import { cutText, type SeededRandom } from './seeded-random.ts';
import { signThinking } from './sign-thinking.ts';
import type { WireBlock } from './wire-message.ts';

const TEXT_CHUNK_CHARS = { min: 6, max: 24 };
const JSON_CHUNK_CHARS = { min: 1, max: 12 };

/** A block ready to be sent: whole in a plain response, or as start and deltas in a stream. */
export interface PlannedBlock {
  whole: WireBlock;
  start: WireBlock;
  deltas: Record<string, unknown>[];
}

function planToolUse(
  block: Extract<ScriptedBlock, { type: 'tool_use' }>,
  id: string,
  random: SeededRandom,
): PlannedBlock {
  const json = block.raw_json ?? JSON.stringify(block.input ?? {});
  const start = { type: 'tool_use', id: block.id ?? id, name: block.name, input: {}, caller: { type: 'direct' } };
  const pieces = cutText(json, random, JSON_CHUNK_CHARS.min, JSON_CHUNK_CHARS.max);
  // The real stream opens tool input with an empty fragment.
  const deltas = ['', ...pieces].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  return { whole: { ...start, input: block.raw_json === undefined ? (block.input ?? {}) : {} }, start, deltas };
}

/** Turns a scripted block into what goes over the wire. `toolUseId` is used when the script gives no id. */
export function planBlock(block: ScriptedBlock, toolUseId: string, random: SeededRandom): PlannedBlock {
  switch (block.type) {
    case 'text': {
      const pieces = cutText(block.text, random, TEXT_CHUNK_CHARS.min, TEXT_CHUNK_CHARS.max);
      return {
        whole: { type: 'text', text: block.text, citations: null },
        start: { type: 'text', text: '', citations: null },
        deltas: pieces.map((text) => ({ type: 'text_delta', text })),
      };
    }
    case 'thinking': {
      const signature = block.signature ?? signThinking(block.thinking);
      const pieces = cutText(block.thinking, random, TEXT_CHUNK_CHARS.min, TEXT_CHUNK_CHARS.max);
      return {
        whole: { type: 'thinking', thinking: block.thinking, signature },
        start: { type: 'thinking', thinking: '', signature: '' },
        deltas: [
          ...pieces.map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature },
        ],
      };
    }
    case 'redacted_thinking': {
      const whole = { type: 'redacted_thinking', data: block.data };
      return { whole, start: whole, deltas: [] };
    }
    case 'tool_use':
      return planToolUse(block, toolUseId, random);
    case 'raw':
      return { whole: block.start, start: block.start, deltas: block.deltas ?? [] };
  }
}
