/** The parts of the Messages wire format this server reads and writes; field names are Anthropic's. */
export interface WireBlock {
  type: string;
  [field: string]: unknown;
}

/** One entry of `messages` after validation; `content` is always a list (a string becomes one text block). */
export interface WireMessage {
  role: 'user' | 'assistant' | 'system';
  content: WireBlock[];
}

/** A custom tool as the caller declared it. Server tools (a `type` other than `custom`) carry no schema. */
export interface WireTool {
  name: string;
  type?: string | null;
  description?: string;
  input_schema?: Record<string, unknown>;
}

/** A validated `POST /v1/messages` body. `raw` is the body as received, for everything not named here. */
export interface WireRequest {
  model: string;
  maxTokens: number;
  stream: boolean;
  system: string;
  messages: WireMessage[];
  tools: WireTool[];
  toolChoice: { type: 'auto' | 'any' | 'none' } | { type: 'tool'; name: string };
  stopSequences: string[];
  raw: Record<string, unknown>;
}

/** `usage` of a whole message. */
export interface WireUsage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens: number | null;
  cache_read_input_tokens: number | null;
  [field: string]: unknown;
}

/** The assistant message of a response. */
export interface WireReply {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: WireBlock[];
  stop_reason: string | null;
  stop_sequence: string | null;
  stop_details: Record<string, unknown> | null;
  container: null;
  diagnostics: null;
  usage: WireUsage;
}

/** The text of a block list: text blocks joined by a line break, everything else left out. */
export function joinText(blocks: readonly WireBlock[]): string {
  return blocks
    .flatMap((block) => (block.type === 'text' && typeof block.text === 'string' ? [block.text] : []))
    .join('\n');
}

/** The text of a `tool_result` block, whose content is a string, a block list or absent. */
export function readResultText(block: WireBlock): string {
  if (typeof block.content === 'string') return block.content;
  return Array.isArray(block.content) ? joinText(block.content as WireBlock[]) : '';
}
