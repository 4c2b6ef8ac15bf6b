import { toSafeText } from '@nightshift/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockCollector } from './block-collector.ts';
import type { ModelBlock, TurnListener } from './model-message.ts';

type Delta = { type: string; [field: string]: string };
interface PlannedBlock {
  start: ModelBlock;
  deltas: Delta[];
  /** What the finished message must hold. */
  block: ModelBlock;
}

/** Any UTF-16 text, halves of characters and NUL included. */
const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).map((text) => `a${text}z`);
const brokenText = fc
  .array(fc.constantFrom('a', '\ud83c', '\udf88', '\u0000', '🎈'), { minLength: 1 })
  .map((parts) => `a${parts.join('')}`);

/** Cuts a text at UTF-16 units drawn by lot: through the middle of a character as well. */
function cut(text: string, at: readonly number[]): string[] {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => text.slice(from, places[index] ?? text.length));
}

const cuts = fc.array(fc.nat(200), { maxLength: 12 });
const plannedBlock = fc.oneof(
  fc.tuple(fc.oneof(anyText, brokenText), cuts).map(([text, at]): PlannedBlock => {
    const deltas = cut(text, at).map((piece) => ({ type: 'text_delta', text: piece }));
    return { start: { type: 'text', text: '' }, deltas, block: { type: 'text', text: toSafeText(text) } };
  }),
  fc.tuple(fc.oneof(anyText, brokenText), cuts).map(([thinking, at]): PlannedBlock => {
    const deltas: Delta[] = cut(thinking, at).map((piece) => ({ type: 'thinking_delta', thinking: piece }));
    deltas.push({ type: 'signature_delta', signature: 'sig' });
    const block = { type: 'thinking', thinking, signature: 'sig', later: [1] };
    return { start: { ...block, thinking: '', signature: '' }, deltas, block };
  }),
  fc
    .tuple(fc.dictionary(fc.string(), fc.oneof(anyText, fc.integer(), fc.boolean())), cuts, fc.uuid())
    .map(([input, at, id]): PlannedBlock => {
      const block = { type: 'tool_use', id, name: 'act', input };
      const deltas = cut(JSON.stringify(input), at).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
      return {
        start: { ...block, input: {} },
        deltas,
        block: JSON.parse(JSON.stringify(block), (_, v) => (typeof v === 'string' ? toSafeText(v) : v)),
      };
    }),
);

function createListener() {
  const told = new Map<number, string>();
  const ended: number[] = [];
  const tell = async (block: number, text: string) => {
    expect(text.isWellFormed()).toBe(true);
    told.set(block, (told.get(block) ?? '') + text);
  };
  const listener: TurnListener = {
    onText: tell,
    onThinking: tell,
    onTextEnd: async (block, text) => {
      expect(told.get(block)).toBe(text);
      ended.push(block);
    },
    onThinkingEnd: async (block) => void ended.push(block),
  };
  return { listener, told, ended };
}

/** Sends the blocks with their deltas dealt in an order drawn by lot; within a block the order stays. */
async function deal(collector: BlockCollector, blocks: readonly PlannedBlock[], order: readonly number[]) {
  for (const [index, { start }] of blocks.entries()) await collector.start(index, start);
  const open = blocks.map(({ deltas }, index) => ({ index, rest: [...deltas] }));
  for (let step = 0; open.length > 0; step++) {
    const at = (order[step % Math.max(1, order.length)] ?? 0) % open.length;
    const block = open[at];
    const next = block?.rest.shift();
    if (!block) return;
    if (next) await collector.delta(block.index, next);
    else {
      await collector.stop(block.index);
      open.splice(at, 1);
    }
  }
}

describe('BlockCollector', () => {
  it('puts blocks together whatever their fragments and however they interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(plannedBlock, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        async (blocks, order) => {
          const { listener, told, ended } = createListener();
          const collector = new BlockCollector(listener);
          await deal(collector, blocks, order);
          const finished = collector.finish();
          expect(finished.blocks).toEqual(blocks.map(({ block }) => block));
          expect(finished.hasOpenToolCall).toBe(false);
          const calls = blocks.filter(({ block }) => block.type === 'tool_use');
          expect(finished.toolCalls.map((call) => call.toolUseId)).toEqual(calls.map(({ block }) => block.id));
          const spoken = blocks.flatMap(({ block }, index) => (block.type === 'tool_use' ? [] : [index]));
          expect([...ended].sort((a, b) => a - b)).toEqual(spoken);
          for (const index of spoken) {
            const block = blocks[index]?.block;
            expect(told.get(index)).toBe(toSafeText(String(block?.type === 'text' ? block.text : block?.thinking)));
          }
        },
      ),
    );
  });

  it('keeps the text of a block that was never closed, and nothing else of the kind', async () => {
    const collector = new BlockCollector(createListener().listener);
    await collector.start(0, { type: 'thinking', thinking: '', signature: '' });
    await collector.start(1, { type: 'text', text: '' });
    await collector.delta(1, { type: 'text_delta', text: 'as far as' });
    await collector.start(2, { type: 'tool_use', id: 'a', name: 'act', input: {} });
    await collector.delta(2, { type: 'input_json_delta', partial_json: '{"a":1}' });
    expect(collector.finish()).toEqual({
      blocks: [{ type: 'text', text: 'as far as' }],
      toolCalls: [],
      hasOpenToolCall: true,
    });
  });

  it('gives a call with invalid input an empty one in the history, and the gate the text', async () => {
    const collector = new BlockCollector(createListener().listener);
    const inputs = ['{"a": ', '[1]', '"x"', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`];
    for (const [index, partial_json] of inputs.entries()) {
      await collector.start(index, { type: 'tool_use', id: `t${index}`, name: 'act', input: {} });
      await collector.delta(index, { type: 'input_json_delta', partial_json });
      await collector.stop(index);
    }
    const { blocks, toolCalls } = collector.finish();
    expect(blocks.map((block) => block.input)).toEqual([{}, {}, {}, {}]);
    expect(toolCalls.map((call) => call.inputJson)).toEqual(inputs);
  });

  it('ignores deltas of blocks that are not open and of kinds it does not know', async () => {
    const collector = new BlockCollector(createListener().listener);
    await collector.delta(7, { type: 'text_delta', text: 'lost' });
    await collector.start(0, { type: 'text', text: 'at once ' });
    await collector.delta(0, { type: 'hologram_delta', text: 'no' });
    await collector.delta(0, { type: 'text_delta', text: 'and later' });
    await collector.stop(0);
    await collector.delta(0, { type: 'text_delta', text: ' too late' });
    expect(collector.finish().blocks).toEqual([{ type: 'text', text: 'at once and later' }]);
  });

  it('keeps the input of a server tool, which goes back as it came', async () => {
    const collector = new BlockCollector(createListener().listener);
    await collector.start(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} });
    await collector.delta(0, { type: 'input_json_delta', partial_json: '{"query":"x"}' });
    await collector.stop(0);
    expect(collector.finish().blocks).toEqual([
      { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
    ]);
  });
});
