import { failWith } from '@nightshift/domain';
import type { ModelReply } from '@nightshift/model';
import type { Conversation } from './fold-journal.ts';

/** What the protocol lets come back in the history; anything else would refuse every later request of the task. */
const TOOL_USE_ID = /^[a-zA-Z0-9_-]{1,256}$/;
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,200}$/;

/**
 * Throws a `model_bad_reply` (asked for again) when calls of a reply could not be part of a well-formed history (I10):
 * ids are unique over the whole conversation, ids and names of the characters that the protocol allows.
 */
export function assertUsableCalls(conversation: Pick<Conversation, 'turns'>, reply: ModelReply): void {
  const ids = reply.toolCalls.map((call) => call.toolUseId);
  const badCall = reply.toolCalls.find((call) => !TOOL_USE_ID.test(call.toolUseId) || !TOOL_NAME.test(call.name));
  if (badCall) throw badReply(reply, 'The model called a tool with an id or a name that the protocol does not allow.');
  if (new Set(ids).size !== ids.length) throw badReply(reply, 'The model gave two tool calls the same id.');
  const known = new Set(
    conversation.turns.flatMap(({ record }) => record.blocks.filter((b) => b.type === 'tool_use').map((b) => b.id)),
  );
  if (ids.some((id) => known.has(id))) {
    throw badReply(reply, 'The model gave a tool call the id of an earlier one.');
  }
}

function badReply(reply: ModelReply, message: string) {
  return failWith('model_bad_reply', message, { detail: { model: reply.model } });
}
