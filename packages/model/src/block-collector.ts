import { failWith, type JsonObject, toSafeText } from '@nightshift/domain';
import type { ModelBlock, ModelToolCall, TurnListener } from './model-message.ts';
import { parseToolInput } from './parse-tool-input.ts';
import { TextPieces } from './text-pieces.ts';

/** A reply cannot make us hold more than this: several times what today's models write at most. */
const MAX_REPLY_CHARS = 4 * 1024 * 1024;

interface OpenBlock {
  block: ModelBlock;
  /** Concatenated `input_json_delta`: parsed only when the whole message has arrived. */
  inputJson: string;
  pieces: TextPieces;
  closed: boolean;
}

export interface CollectedBlocks {
  blocks: ModelBlock[];
  toolCalls: ModelToolCall[];
  /** A tool call was begun and never closed. It is neither among the blocks nor among the calls. */
  hasOpenToolCall: boolean;
}

/**
 * Puts the blocks of one streamed reply together, keyed by their index: deltas of several blocks may interleave. A tool's
 * input stays text until the message is complete (I9). Thinking and blocks of unknown kinds stay byte for byte; text is
 * made safe, because nobody has signed it and vendors refuse half a character.
 */
export class BlockCollector {
  readonly #blocks = new Map<number, OpenBlock>();
  readonly #listener: TurnListener;
  #chars = 0;

  constructor(listener: TurnListener) {
    this.#listener = listener;
  }

  async start(index: number, block: ModelBlock): Promise<void> {
    const open = { block: { ...block }, inputJson: '', pieces: new TextPieces(), closed: false };
    this.#blocks.set(index, open);
    this.#count(block.text);
    if (block.type === 'text') await this.#tell(index, open.pieces.push(String(block.text ?? '')));
  }

  async delta(index: number, delta: JsonObject & { type: string }): Promise<void> {
    const open = this.#blocks.get(index);
    if (!open || open.closed) return;
    switch (delta.type) {
      case 'text_delta':
        this.#count(delta.text);
        append(open.block, 'text', delta.text);
        return this.#tell(index, open.pieces.push(String(delta.text ?? '')));
      case 'thinking_delta':
        this.#count(delta.thinking);
        append(open.block, 'thinking', delta.thinking);
        return this.#tell(index, open.pieces.push(String(delta.thinking ?? '')));
      case 'signature_delta':
        this.#count(delta.signature);
        append(open.block, 'signature', delta.signature);
        return;
      case 'citations_delta':
        open.block.citations = [...asArray(open.block.citations), delta.citation ?? null];
        return;
      case 'input_json_delta':
        this.#count(delta.partial_json);
        open.inputJson += String(delta.partial_json ?? '');
        return;
      default: // newer kinds of delta may come at any time; they change nothing that we execute
    }
  }

  async stop(index: number): Promise<void> {
    const open = this.#blocks.get(index);
    if (!open || open.closed) return;
    open.closed = true;
    await this.#tell(index, open.pieces.end());
    if (open.block.type === 'text') await this.#listener.onTextEnd(index, toSafeText(String(open.block.text ?? '')));
    if (open.block.type === 'thinking') await this.#listener.onThinkingEnd(index);
  }

  /** The message as it was received to its end. A block that was never closed keeps its text, and nothing else. */
  finish(): CollectedBlocks {
    const blocks: ModelBlock[] = [];
    const toolCalls: ModelToolCall[] = [];
    let hasOpenToolCall = false;
    for (const [, { block, inputJson, closed }] of [...this.#blocks].sort(([a], [b]) => a - b)) {
      if (block.type === 'text') {
        const text = toSafeText(String(block.text ?? ''));
        if (text.trim() !== '') blocks.push({ ...block, text }); // an empty text block is refused when it comes back
      } else if (!closed) {
        hasOpenToolCall ||= block.type === 'tool_use';
      } else if (block.type === 'tool_use') {
        const json = inputJson === '' ? JSON.stringify(block.input ?? {}) : inputJson;
        // The protocol wants an object in the history; what is none is answered by the gate from its text.
        blocks.push({ ...block, input: parseToolInput(json) ?? {} });
        toolCalls.push({ toolUseId: String(block.id ?? ''), name: String(block.name ?? ''), inputJson: json });
      } else {
        blocks.push(inputJson === '' ? block : { ...block, input: parseToolInput(inputJson) ?? {} });
      }
    }
    return { blocks, toolCalls, hasOpenToolCall };
  }

  async #tell(index: number, text: string): Promise<void> {
    if (text === '') return;
    const type = this.#blocks.get(index)?.block.type;
    if (type === 'text') await this.#listener.onText(index, text);
    if (type === 'thinking') await this.#listener.onThinking(index, text);
  }

  #count(piece: unknown): void {
    this.#chars += String(piece ?? '').length;
    if (this.#chars > MAX_REPLY_CHARS) {
      throw failWith('model_bad_reply', `The reply of the model is longer than ${MAX_REPLY_CHARS} characters.`);
    }
  }
}

function append(block: ModelBlock, field: string, piece: unknown): void {
  block[field] = String(block[field] ?? '') + String(piece ?? '');
}

function asArray(value: unknown): ModelBlock[] {
  return Array.isArray(value) ? value : [];
}
