import type { WireBlock, WireUsage } from '../protocol/wire-message.ts';

/** A content block as a script writes it. Everything is plain JSON, so it can also be posted to `/__script`. */
export type ScriptedBlock =
  | { type: 'text'; text: string }
  /** Without `signature` the server signs the text itself; with one, that exact value verifies later. */
  | { type: 'thinking'; thinking: string; signature?: string }
  | { type: 'redacted_thinking'; data: string }
  /** `raw_json` is streamed as it stands in place of `input`, for malformed or truncated tool JSON. */
  | { type: 'tool_use'; name: string; id?: string; input?: unknown; raw_json?: string }
  /** Any block the API may add: `start` goes into `content_block_start`, each delta as it is. */
  | { type: 'raw'; start: WireBlock; deltas?: Record<string, unknown>[] };

/** How the bytes of a reply reach the client. Delays in milliseconds, sizes in bytes of the response body. */
export interface Delivery {
  /** Seed of the cut points of text and tool JSON. Default: from the content. */
  seed?: number;
  delayBeforeHeadersMs?: number;
  /** Wait between two chunks; overrides the server's `streamDelayMs`. */
  delayBetweenChunksMs?: number;
  /** Writes of at most this many bytes, the chunk delay between them: 1 is a slow drip. */
  writeBytes?: number;
  /** Deltas of all blocks mixed, every block open at once. */
  interleave?: boolean;
  /**
   * Stops after this many body bytes. `end` ends the HTTP body cleanly without `message_stop`, `fin` closes the socket
   * in the middle of the body, `rst` resets the connection.
   */
  cut?: { afterBytes: number; by: 'end' | 'fin' | 'rst' };
  /** Keeps the connection open without a byte from here on, or with pings only. */
  stall?: { afterBytes: number; pingEveryMs?: number };
  /** Sends `event: error` after this many events, then ends the body. */
  errorEvent?: { afterEvents: number; errorType: string; message?: string };
  /** Events the client does not know, each after this many of the regular ones. */
  extraEvents?: { afterEvents: number; event: string; data: unknown }[];
}

/** What a script answers a well-formed request with. */
export type ScriptedReply =
  | {
      type: 'message';
      content: ScriptedBlock[];
      /** Default: `tool_use` when a tool is called, else `end_turn`. `null` is sent as null. */
      stop_reason?: string | null;
      stop_sequence?: string | null;
      stop_details?: Record<string, unknown> | null;
      usage?: Partial<WireUsage>;
      id?: string;
      delivery?: Delivery;
    }
  /** The usual extractive answer, delivered with a fault. */
  | { type: 'extractive'; delivery?: Delivery }
  /** An HTTP error. `headers` carries retry-after in whatever form the test is about. */
  | {
      type: 'error';
      status: number;
      error_type?: string;
      message?: string;
      headers?: Record<string, string>;
      delivery?: Pick<Delivery, 'delayBeforeHeadersMs'>;
    }
  /** Exact bytes: chunks are UTF-8, or base64 with `encoding`, for garbage no encoder would write. */
  | {
      type: 'raw';
      status?: number;
      headers?: Record<string, string>;
      chunks: string[];
      encoding?: 'utf8' | 'base64';
      delivery?: Pick<Delivery, 'delayBeforeHeadersMs' | 'delayBetweenChunksMs'>;
    }
  /** Not one byte, not even headers, until the client leaves. */
  | { type: 'hang' }
  /** The connection is reset before any byte. */
  | { type: 'reset' };
