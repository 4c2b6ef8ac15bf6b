import { createHash } from 'node:crypto';
import type { ScriptedReply } from '../script/scripted-reply.ts';
import { countOutputTokens } from './count-tokens.ts';
import { type PlannedBlock, planBlock } from './plan-block.ts';
import { createSeededRandom, type SeededRandom, toSeed } from './seeded-random.ts';
import type { WireReply, WireRequest } from './wire-message.ts';

/** The name every answer carries, whatever model was asked for: nobody should take this for a language model. */
export const MODEL_NAME = 'local-extractive-1';

/** A reply with everything the wire needs, and the random source its chunks were cut with. */
export interface BuiltReply {
  reply: WireReply;
  blocks: PlannedBlock[];
  random: SeededRandom;
}

/** Ids follow from the conversation, so equal requests get equal answers and a longer conversation gets new ids. */
function createIds(request: WireRequest): (prefix: string, part: string) => string {
  const digest = createHash('sha256').update(JSON.stringify(request.raw)).digest('hex');
  return (prefix, part) => `${prefix}_${createHash('sha256').update(`${digest} ${part}`).digest('hex').slice(0, 24)}`;
}

export function buildReply(
  request: WireRequest,
  scripted: Extract<ScriptedReply, { type: 'message' }>,
  inputTokens: number,
): BuiltReply {
  const createId = createIds(request);
  const random = createSeededRandom(scripted.delivery?.seed ?? toSeed(JSON.stringify(scripted.content)));
  const blocks = scripted.content.map((block, at) => planBlock(block, createId('toolu', String(at)), random));
  const content = blocks.map((block) => block.whole);
  const calls = content.some((block) => block.type === 'tool_use');
  const reply: WireReply = {
    id: scripted.id ?? createId('msg', 'message'),
    type: 'message',
    role: 'assistant',
    model: MODEL_NAME,
    content,
    stop_reason: scripted.stop_reason === undefined ? (calls ? 'tool_use' : 'end_turn') : scripted.stop_reason,
    stop_sequence: scripted.stop_sequence ?? null,
    stop_details: scripted.stop_details ?? null,
    container: null,
    diagnostics: null,
    usage: {
      input_tokens: inputTokens,
      output_tokens: Math.max(1, countOutputTokens(scripted.content)),
      cache_creation: null,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      inference_geo: null,
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: 'standard',
      speed: null,
      ...scripted.usage,
    },
  };
  return { reply, blocks, random };
}
