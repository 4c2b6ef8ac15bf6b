import { failWith, type JsonObject } from '@nightshift/domain';
import type { ModelBlock, ModelToolCall, TurnListener } from './model-message.ts';

/** A reply cannot make us hold more than this. */
const MAX_REPLY_CHARS = 8 * 1024 * 1024;

interface OpenBlock {
  block: ModelBlock;
  /** Concatenated `input_json_delta`: parsed only when the whole message has arrived. */
  inputJson: string;
  closed: boolean;
}

/**
 * Puts the blocks of one streamed reply together, keyed by their index: deltas of several blocks may interleave. A tool's
 * input stays text until the message is complete (I9).
 */
export class BlockCollector {
  readonly #blocks = new Map<number, OpenBlock>();
  readonly #listener: TurnListener;
  #chars = 0;

  constructor(listener: TurnListener) {
    this.#listener = listener;
  }

  start(index: number, block: ModelBlock): void {
    this.#blocks.set(index, { block: { ...block }, inputJson: '', closed: false });
  }

  async delta(index: number, delta: JsonObject & { type: string }): Promise<void> {
    const open = this.#blocks.get(index);
    if (!open) return;
    switch (delta.type) {
      case 'text_delta':
        append(open.block, 'text', delta.text);
        this.#count(delta.text);
        return this.#listener.onText(index, String(delta.text ?? ''));
      case 'thinking_delta':
        append(open.block, 'thinking', delta.thinking);
        this.#count(delta.thinking);
        return this.#listener.onThinking(index, String(delta.thinking ?? ''));
      case 'signature_delta':
        append(open.block, 'signature', delta.signature);
        return;
      case 'citations_delta':
        open.block.citations = [...asArray(open.block.citations), delta.citation ?? null];
        return;
      case 'input_json_delta':
        open.inputJson += String(delta.partial_json ?? '');
        this.#count(delta.partial_json);
        return;
      default: // newer kinds of delta may come at any time; they change nothing that we execute
    }
  }

  async stop(index: number): Promise<void> {
    const open = this.#blocks.get(index);
    if (!open) return;
    open.closed = true;
    if (open.block.type === 'text') await this.#listener.onTextEnd(index, String(open.block.text ?? ''));
    if (open.block.type === 'thinking') await this.#listener.onThinkingEnd(index);
  }

  /** The finished message. A block that was never closed (cut by max_tokens) keeps its text, but never its tool call. */
  finish(): { blocks: ModelBlock[]; toolCalls: ModelToolCall[]; truncatedToolCall: boolean } {
    const blocks: ModelBlock[] = [];
    const toolCalls: ModelToolCall[] = [];
    let truncatedToolCall = false;
    for (const [, open] of [...this.#blocks].sort(([a], [b]) => a - b)) {
      if (open.block.type !== 'tool_use') {
        if (!isEmptyText(open.block)) blocks.push(open.block);
        continue;
      }
      if (!open.closed) {
        truncatedToolCall = true;
        continue;
      }
      const inputJson = open.inputJson === '' ? JSON.stringify(open.block.input ?? {}) : open.inputJson;
      blocks.push({ ...open.block, input: parseObject(inputJson) });
      toolCalls.push({ toolUseId: String(open.block.id), name: String(open.block.name), inputJson });
    }
    return { blocks, toolCalls, truncatedToolCall };
  }

  #count(piece: unknown): void {
    this.#chars += String(piece ?? '').length;
    if (this.#chars > MAX_REPLY_CHARS) {
      throw failWith('model_bad_reply', `The reply of the model is longer than ${MAX_REPLY_CHARS} characters.`);
    }
  }
}

/** The protocol wants an object in the history; what cannot be parsed is answered by the gate from its text. */
function parseObject(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch {
    return {};
  }
}

function append(block: ModelBlock, field: string, piece: unknown): void {
  block[field] = String(block[field] ?? '') + String(piece ?? '');
}

function asArray(value: unknown): ModelBlock[] {
  return Array.isArray(value) ? value : [];
}

/** An empty text block is refused when it comes back. */
function isEmptyText(block: ModelBlock): boolean {
  return block.type === 'text' && String(block.text ?? '').trim() === '';
}
