import { failWith } from '../../../packages/domain/src/index.ts';
import {
  findModelInfo,
  type ModelBlock,
  type ModelProvider,
  type ModelReply,
  type ModelRequest,
} from '../../../packages/model/src/index.ts';
import type { Dice } from './dice.ts';
import type { History } from './history.ts';
import { type ScriptedTurn, writeScript } from './task-script.ts';
import type { VirtualTime } from './virtual-time.ts';

/** How bad the model is now: shares of turns that break off, and that are refused. */
export interface ModelWeather {
  cuts: number;
  refusals: number;
}

/**
 * A provider that says what the script of the task says, chunk by chunk, each a turn of the clock. The prompt names the
 * task and its script; the number of the turn is counted from the messages, as a real model would see it.
 */
export function createScriptedModel(deps: {
  time: VirtualTime;
  dice: Dice;
  weather: ModelWeather;
  history: History;
}): ModelProvider {
  const { time, dice, weather, history } = deps;
  let calls = 0;

  async function stream(
    request: ModelRequest,
    options: Parameters<ModelProvider['streamTurn']>[1],
  ): Promise<ModelReply> {
    const { taskId, seed } = readPrompt(request);
    history.requests.push({ taskId, messages: structuredClone(request.messages), at: time.now });
    const turn = request.messages.filter(({ role }) => role === 'assistant').length;
    const said = writeScript(seed)[turn];
    if (!said) throw failWith('model_invalid_request', `there is no turn ${turn + 1}`);
    await time.sleep(dice.between(1, 200), '');
    options.signal.throwIfAborted();
    if (dice.chance(weather.refusals)) throw failWith('model_overloaded', 'the model is overloaded');
    const cutAt = dice.chance(weather.cuts) ? dice.integer(0, said.chunks.length) : -1;
    for (const [index, chunk] of said.chunks.entries()) {
      if (index === cutAt) throw failWith('model_stream_cut', 'the stream was cut');
      await options.listener.onText(0, chunk);
      await time.sleep(dice.chance(0.1) ? dice.between(50, 800) : dice.between(0.1, 40), '');
      options.signal.throwIfAborted();
    }
    const text = said.chunks.join('');
    await options.listener.onTextEnd(0, text);
    if (cutAt === said.chunks.length) throw failWith('model_stream_cut', 'the stream was cut');
    options.signal.throwIfAborted();
    return toReply(request.model, text, said, () => `call_${++calls}`);
  }

  return { findInfo: findModelInfo, streamTurn: stream };
}

function readPrompt(request: ModelRequest): { taskId: string; seed: number } {
  const block = request.messages[0]?.content[0];
  const [taskId, seed] = String(block?.text ?? '').split(' ');
  return { taskId: String(taskId), seed: Number(seed) };
}

function toReply(model: string, text: string, said: ScriptedTurn, createCallId: () => string): ModelReply {
  const calls = said.calls.map(({ tool, n }) => ({ id: createCallId(), name: tool, input: { n } }));
  const blocks: ModelBlock[] = [{ type: 'text', text }, ...calls.map((call) => ({ type: 'tool_use', ...call }))];
  return {
    model,
    blocks,
    toolCalls: calls.map((call) => ({ toolUseId: call.id, name: call.name, inputJson: JSON.stringify(call.input) })),
    stopReason: calls.length > 0 ? 'tool_use' : 'end_turn',
    truncatedToolCall: false,
    usage: { inputTokens: 100, outputTokens: 10, cacheReadTokens: 0, cacheCreationTokens: 0 },
    requestId: undefined,
    timeToFirstTokenMs: 1,
  };
}
