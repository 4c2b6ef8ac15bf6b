import type { PlannedBlock } from './plan-block.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { WireReply } from './wire-message.ts';

/** One server-sent event before it is framed. */
export interface SseEvent {
  event: string;
  data: unknown;
}

export const PING: SseEvent = { event: 'ping', data: { type: 'ping' } };

/** An event as it goes over the wire. */
export function frameEvent({ event, data }: SseEvent): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`, 'utf8');
}

function startBlock(block: PlannedBlock, index: number): SseEvent {
  return { event: 'content_block_start', data: { type: 'content_block_start', index, content_block: block.start } };
}

function delta(data: Record<string, unknown>, index: number): SseEvent {
  return { event: 'content_block_delta', data: { type: 'content_block_delta', index, delta: data } };
}

function stopBlock(index: number): SseEvent {
  return { event: 'content_block_stop', data: { type: 'content_block_stop', index } };
}

function inOrder(blocks: readonly PlannedBlock[]): SseEvent[] {
  return blocks.flatMap((block, index) => [
    startBlock(block, index),
    ...block.deltas.map((data) => delta(data, index)),
    stopBlock(index),
  ]);
}

/** Opens every block first, then deals the deltas in a seeded order; within a block the order stays. */
function interleaved(blocks: readonly PlannedBlock[], random: SeededRandom): SseEvent[] {
  const events = blocks.map(startBlock);
  const open = blocks.map((block, index) => ({ index, rest: [...block.deltas] }));
  while (open.length > 0) {
    const at = Math.floor(random() * open.length);
    const pick = open[at];
    const next = pick?.rest.shift();
    if (pick === undefined) break;
    if (next === undefined) {
      events.push(stopBlock(pick.index));
      open.splice(at, 1);
    } else events.push(delta(next, pick.index));
  }
  return events;
}

/** All events of a message in the order the API sends them, with a ping after the first block started. */
export function buildStreamEvents(
  reply: WireReply,
  blocks: readonly PlannedBlock[],
  { interleave, random }: { interleave: boolean; random: SeededRandom },
): SseEvent[] {
  const opening = { ...reply, content: [], stop_reason: null, stop_sequence: null, stop_details: null };
  const message = { ...opening, usage: { ...reply.usage, output_tokens: 1 } };
  const body = interleave ? interleaved(blocks, random) : inOrder(blocks);
  const { stop_reason, stop_sequence, stop_details, usage } = reply;
  return [
    { event: 'message_start', data: { type: 'message_start', message } },
    ...body.slice(0, 1),
    PING,
    ...body.slice(1),
    {
      event: 'message_delta',
      data: {
        type: 'message_delta',
        delta: { container: null, stop_reason, stop_sequence, stop_details },
        usage: {
          input_tokens: usage.input_tokens,
          cache_creation_input_tokens: usage.cache_creation_input_tokens,
          cache_read_input_tokens: usage.cache_read_input_tokens,
          output_tokens: usage.output_tokens,
          output_tokens_details: null,
          server_tool_use: null,
        },
      },
    },
    { event: 'message_stop', data: { type: 'message_stop' } },
  ];
}
