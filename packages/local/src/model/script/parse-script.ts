import { ModelApiError } from '../protocol/api-error.ts';
import { isRecord } from '../protocol/is-record.ts';
import type { ScriptMatch, ScriptRule } from './script.ts';
import type { ScriptedReply } from './scripted-reply.ts';

const REPLY_TYPES = ['message', 'extractive', 'error', 'raw', 'hang', 'reset'];
const MATCH_FIELDS = ['turn', 'request', 'contains', 'lastContains'];

function refuse(message: string): never {
  throw new ModelApiError('invalid_request_error', message);
}

function parseReply(value: unknown, path: string): ScriptedReply {
  if (!isRecord(value) || !REPLY_TYPES.includes(String(value.type)))
    refuse(`${path}.type: expected one of ${REPLY_TYPES.join(', ')}`);
  if (value.type === 'message' && !Array.isArray(value.content)) refuse(`${path}.content: expected a list of blocks`);
  if (value.type === 'error' && typeof value.status !== 'number') refuse(`${path}.status: expected a number`);
  if (value.type === 'raw' && !Array.isArray(value.chunks)) refuse(`${path}.chunks: expected a list of strings`);
  return value as unknown as ScriptedReply;
}

function parseRule(value: unknown, path: string): ScriptRule {
  if (!isRecord(value) || !Array.isArray(value.replies)) refuse(`${path}.replies: expected a list of replies`);
  const match = value.match ?? {};
  if (!isRecord(match)) refuse(`${path}.match: expected an object`);
  const unknownField = Object.keys(match).find((field) => !MATCH_FIELDS.includes(field));
  if (unknownField !== undefined) refuse(`${path}.match.${unknownField}: expected one of ${MATCH_FIELDS.join(', ')}`);
  return {
    match: match as ScriptMatch,
    replies: value.replies.map((reply, at) => parseReply(reply, `${path}.replies.${at}`)),
    repeat: value.repeat === true,
  };
}

/**
 * Parses the body of `POST /__script`: `{ rules?: ScriptRule[], replies?: ScriptedReply[], reset?: boolean }`.
 * `replies` is a queue any request takes from, behind the rules; `reset` drops what was scripted before.
 */
export function parseScript(body: unknown): { reset: boolean; rules: ScriptRule[] } {
  if (!isRecord(body)) refuse('expected an object with rules or replies');
  const { rules = [], replies = [] } = body;
  if (!Array.isArray(rules)) refuse('rules: expected a list');
  if (!Array.isArray(replies)) refuse('replies: expected a list');
  const queue = replies.map((reply, at) => parseReply(reply, `replies.${at}`));
  return {
    reset: body.reset === true,
    rules: [
      ...rules.map((rule, at) => parseRule(rule, `rules.${at}`)),
      ...(queue.length > 0 ? [{ replies: queue }] : []),
    ],
  };
}
