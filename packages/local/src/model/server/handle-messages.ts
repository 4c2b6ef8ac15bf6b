import { ModelApiError } from '../protocol/api-error.ts';
import { countRequestTokens } from '../protocol/count-tokens.ts';
import { isRecord } from '../protocol/is-record.ts';
import { limitOutput } from '../protocol/limit-output.ts';
import { validateRequest } from '../protocol/validate-request.ts';
import { joinText, readResultText, type WireMessage, type WireRequest } from '../protocol/wire-message.ts';
import type { ScriptInfo } from '../script/script.ts';
import type { ScriptedReply } from '../script/scripted-reply.ts';
import { answerRequest } from '../stand-in/answer-request.ts';
import { deliverMessage, deliverScripted } from './deliver-reply.ts';
import { type Exchange, type ModelServerContext, sendJson } from './exchange.ts';
import { parseJson } from './read-body.ts';

function readUserText(message: WireMessage | undefined): string {
  return (message?.content ?? [])
    .map((block) => (block.type === 'tool_result' ? readResultText(block) : joinText([block])))
    .join('\n');
}

function describe(request: WireRequest, exchange: Exchange, inputTokens: number): ScriptInfo {
  const users = request.messages.filter((message) => message.role === 'user');
  return {
    turn: exchange.record.turn ?? 1,
    requestNumber: exchange.messageNumber,
    firstUserText: readUserText(users[0]),
    lastUserText: readUserText(users[users.length - 1]),
    inputTokens,
  };
}

/** Validates the body and its size against the window; the verdict is on record either way. */
function judge(context: ModelServerContext, { body, record }: Exchange, counting: boolean) {
  const parsed = parseJson(body);
  record.body = parsed;
  const messages = isRecord(parsed) && Array.isArray(parsed.messages) ? parsed.messages : [];
  record.turn = 1 + messages.filter((message) => isRecord(message) && message.role === 'assistant').length;
  const request = validateRequest(parsed, { ledger: context.ledger, counting });
  const inputTokens = countRequestTokens(request.raw);
  const maxTokens = context.contextWindowTokens;
  if (!counting && inputTokens > maxTokens) {
    const message = `prompt is too long: ${inputTokens} tokens > ${maxTokens} maximum`;
    record.verdict = { kind: 'too_long', inputTokens, maxTokens, message };
    throw new ModelApiError('invalid_request_error', message);
  }
  record.verdict = { kind: 'well_formed', inputTokens };
  return { request, inputTokens };
}

/** The stand-in's own answer, cut at the limits the request sets. */
function answerExtractively(
  context: ModelServerContext,
  request: WireRequest,
  inputTokens: number,
): Extract<ScriptedReply, { type: 'message' }> {
  const limited = limitOutput(answerRequest(request, { contextWindowTokens: context.contextWindowTokens }), {
    maxTokens: request.maxTokens,
    windowTokens: context.contextWindowTokens - inputTokens,
    stopSequences: request.stopSequences,
  });
  return {
    type: 'message',
    content: limited.content,
    stop_reason: limited.stopReason,
    stop_sequence: limited.stopSequence,
  };
}

/** `POST /v1/messages`: validate, ask the script, else answer extractively; stream or whole as the request says. */
export async function handleMessages(context: ModelServerContext, exchange: Exchange): Promise<void> {
  const { request, inputTokens } = judge(context, exchange, false);
  const scripted = await context.script.take(request, describe(request, exchange, inputTokens));
  if (scripted === undefined || scripted.type === 'extractive') {
    const answer = answerExtractively(context, request, inputTokens);
    const { delivery } = scripted ?? {};
    const reply = delivery === undefined ? answer : { ...answer, delivery };
    await deliverMessage(context, exchange, { request, reply, inputTokens, scripted: scripted !== undefined });
  } else if (scripted.type === 'message') {
    await deliverMessage(context, exchange, { request, reply: scripted, inputTokens, scripted: true });
  } else await deliverScripted(exchange, scripted);
}

/** `POST /v1/messages/count_tokens`. */
export function handleCountTokens(context: ModelServerContext, exchange: Exchange): void {
  const { inputTokens } = judge(context, exchange, true);
  sendJson(exchange, 200, { input_tokens: inputTokens });
}
