import type { WireRequest } from '../protocol/wire-message.ts';
import type { ScriptedReply } from './scripted-reply.ts';

/** What a script may decide by, besides the request itself. */
export interface ScriptInfo {
  /** 1 for a conversation without an assistant message, 2 after the first one, and so on. */
  turn: number;
  /** 1 for the first `POST /v1/messages` this server received, counting malformed ones. */
  requestNumber: number;
  firstUserText: string;
  lastUserText: string;
  inputTokens: number;
}

/** All given conditions must hold. Numbers may be lists of alternatives. */
export interface ScriptMatch {
  turn?: number | number[];
  request?: number | number[];
  /** Substring of the first user message. */
  contains?: string;
  /** Substring of the last user message, tool results included. */
  lastContains?: string;
}

/** Matching requests take the replies one by one; with `repeat` the last one stays. */
export interface ScriptRule {
  match?: ScriptMatch;
  replies: ScriptedReply[];
  repeat?: boolean;
}

/** `undefined` passes on to the next entry, and after the last one to the extractive answer. */
export type ScriptFunction = (
  request: WireRequest,
  info: ScriptInfo,
) => ScriptedReply | undefined | Promise<ScriptedReply | undefined>;

/** A bare reply is a rule that matches the next request, whichever it is, once. */
export type ScriptEntry = ScriptedReply | ScriptRule | ScriptFunction;

/** Changes what the server answers while it runs. */
export interface ScriptHandle {
  push(...entries: ScriptEntry[]): void;
  /** Forgets every entry and starts over with these. */
  set(entries: readonly ScriptEntry[] | ScriptFunction): void;
  clear(): void;
  /** Replies still waiting to be taken (functions and repeated rules not counted). */
  pending(): number;
}

export interface Script extends ScriptHandle {
  take(request: WireRequest, info: ScriptInfo): Promise<ScriptedReply | undefined>;
}

function isAmong(wanted: number | number[] | undefined, value: number): boolean {
  if (wanted === undefined) return true;
  return Array.isArray(wanted) ? wanted.includes(value) : wanted === value;
}

function matches(match: ScriptMatch, info: ScriptInfo): boolean {
  return (
    isAmong(match.turn, info.turn) &&
    isAmong(match.request, info.requestNumber) &&
    (match.contains === undefined || info.firstUserText.includes(match.contains)) &&
    (match.lastContains === undefined || info.lastUserText.includes(match.lastContains))
  );
}

function toStored(entry: ScriptEntry): ScriptRule | ScriptFunction {
  if (typeof entry === 'function') return entry;
  return 'replies' in entry ? { ...entry, replies: [...entry.replies] } : { replies: [entry] };
}

export function createScript(initial: readonly ScriptEntry[] | ScriptFunction = []): Script {
  let entries: (ScriptRule | ScriptFunction)[] = [];
  const script: Script = {
    push: (...added) => {
      entries.push(...added.map(toStored));
    },
    set: (replaced) => {
      entries = (typeof replaced === 'function' ? [replaced] : replaced).map(toStored);
    },
    clear: () => {
      entries = [];
    },
    pending: () =>
      entries.reduce((sum, entry) => sum + (typeof entry === 'function' || entry.repeat ? 0 : entry.replies.length), 0),
    async take(request, info) {
      for (const entry of [...entries]) {
        if (typeof entry === 'function') {
          const reply = await entry(request, info);
          if (reply !== undefined) return reply;
        } else if (matches(entry.match ?? {}, info)) {
          const reply = entry.repeat === true && entry.replies.length === 1 ? entry.replies[0] : entry.replies.shift();
          if (reply !== undefined) return reply;
        }
      }
      return undefined;
    },
  };
  script.set(initial);
  return script;
}
