import { isRecord } from '../protocol/is-record.ts';
import { joinText, readResultText, type WireBlock, type WireMessage } from '../protocol/wire-message.ts';
import { type PageNotes, parseNotes } from './page-notes.ts';
import { parseReadResult, type ReadFailureCode } from './read-result.ts';

export interface ReadFailure {
  code: ReadFailureCode;
  message: string;
}

/** What can still be seen of the work on a document. Older turns may be gone; the notes stand in for them. */
export interface ReadingState {
  totalPages: number | undefined;
  /** Text of the pages whose results are still there. */
  texts: Map<number, string>;
  /** Pages of which only the beginning and the end are left in `texts`. */
  shortened: Set<number>;
  notes: PageNotes[];
  /** Pages asked for, and how often, as far as the conversation shows. */
  attempts: Map<number, number>;
  /** The last error of each page that gave one, without those that worked later. */
  failures: Map<number, ReadFailure>;
  speak: { called: boolean; artifactId: string | null };
}

const FAILED_NOTE = /^Not readable: page (\d+) \((\w+)\): (.*)$/gmu;

/** The note that keeps a failed page from being asked for again after its result is gone. */
export function formatFailure(page: number, { code, message }: ReadFailure): string {
  return `Not readable: page ${page} (${code}): ${message.replace(/\s+/gu, ' ')}`;
}

function findArtifactId(text: string): string | null {
  const named = /artifact_?id["']?\s*[:=]\s*["']?([A-Za-z0-9_-]{4,})/iu.exec(text)?.[1];
  const prefixed = /(?<![\p{L}\d])art_[A-Za-z0-9_-]{4,}/u.exec(text)?.[0];
  const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/iu.exec(text)?.[0];
  return named ?? prefixed ?? uuid ?? null;
}

function noteRead(state: ReadingState, call: WireBlock, result: WireBlock): void {
  const input = isRecord(call.input) ? call.input : {};
  const asked = typeof input.page === 'number' ? input.page : 1;
  state.attempts.set(asked, (state.attempts.get(asked) ?? 0) + 1);
  const read = parseReadResult(readResultText(result), result.is_error === true);
  switch (read.kind) {
    case 'stub':
      state.failures.delete(asked);
      return;
    case 'failed':
      state.failures.set(asked, { code: read.code, message: read.message });
      return;
    case 'text':
      state.failures.delete(asked);
      state.texts.set(read.page ?? asked, read.text);
      if (read.shortened === true) state.shortened.add(read.page ?? asked);
      else state.shortened.delete(read.page ?? asked);
      state.totalPages = read.totalPages ?? state.totalPages ?? 1;
  }
}

function noteText(state: ReadingState, text: string): void {
  for (const note of parseNotes(text)) {
    state.notes.push(note);
    state.totalPages ??= note.totalPages;
  }
  for (const match of text.matchAll(FAILED_NOTE)) {
    const code = parseReadResult(match[2] ?? '', true);
    const page = Number(match[1]);
    state.failures.set(page, { code: code.kind === 'failed' ? code.code : 'unreadable', message: match[3] ?? '' });
    state.attempts.set(page, Math.max(2, state.attempts.get(page) ?? 0));
  }
}

/** Collects what the conversation still shows: pages, own notes, failures, and whether a brief was spoken. */
export function readConversation(messages: readonly WireMessage[]): ReadingState {
  const state: ReadingState = {
    totalPages: undefined,
    texts: new Map(),
    shortened: new Set(),
    notes: [],
    attempts: new Map(),
    failures: new Map(),
    speak: { called: false, artifactId: null },
  };
  const calls = new Map<string, WireBlock>();
  for (const { content } of messages) {
    noteText(state, joinText(content));
    for (const block of content) {
      if (block.type === 'tool_use') calls.set(String(block.id), block);
      const call = block.type === 'tool_result' ? calls.get(String(block.tool_use_id)) : undefined;
      if (call?.name === 'read_document') noteRead(state, call, block);
      if (call?.name === 'speak') {
        state.speak.called = true;
        if (block.is_error !== true) state.speak.artifactId = findArtifactId(readResultText(block));
      }
    }
  }
  return state;
}
