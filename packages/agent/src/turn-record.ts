import {
  type ModelBlock,
  type ModelReply,
  type ModelStopReason,
  type ModelToolCall,
  parseToolInput,
} from '@nightshift/model';

/** A finished turn as the journal keeps it: the blocks verbatim, and what cannot be told from them. */
export interface TurnRecord {
  model: string;
  stop_reason: ModelStopReason;
  blocks: ModelBlock[];
  /** Texts of tool inputs that are not JSON objects, by id of the call: the gate answers them from these. */
  unparsed_inputs?: Record<string, string>;
  /** What the runtime tells the model after this turn: why its answer cannot be used. */
  feedback?: string;
  /** Number of the newest signal that the turn was asked with; absent before the first. */
  signals_seen?: number;
}

export function toTurnRecord(reply: ModelReply, feedback?: string, signalsSeen = 0): TurnRecord {
  const unparsed = reply.toolCalls.filter((call) => parseToolInput(call.inputJson) === undefined);
  return {
    model: reply.model,
    stop_reason: reply.stopReason,
    blocks: reply.blocks,
    ...(unparsed.length > 0
      ? { unparsed_inputs: Object.fromEntries(unparsed.map((call) => [call.toolUseId, call.inputJson])) }
      : {}),
    ...(feedback === undefined ? {} : { feedback }),
    ...(signalsSeen === 0 ? {} : { signals_seen: signalsSeen }),
  };
}

/** The calls of a turn in source order. Only a turn that stopped to use tools has any (I9). */
export function toToolCalls(turn: TurnRecord): ModelToolCall[] {
  if (turn.stop_reason !== 'tool_use') return [];
  const unparsed = new Map(Object.entries(turn.unparsed_inputs ?? {}));
  return turn.blocks
    .filter((block) => block.type === 'tool_use')
    .map((block) => {
      const toolUseId = String(block.id);
      const inputJson = unparsed.get(toolUseId) ?? JSON.stringify(block.input ?? {});
      return { toolUseId, name: String(block.name), inputJson };
    });
}

/** All text of a turn, in order. */
export function toTurnText(turn: TurnRecord): string {
  return turn.blocks
    .filter((block) => block.type === 'text')
    .map((block) => String(block.text ?? ''))
    .join('\n')
    .trim();
}
