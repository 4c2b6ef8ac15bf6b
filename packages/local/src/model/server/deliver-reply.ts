import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { errorTypeOf, toErrorBody } from '../protocol/api-error.ts';
import { buildReply } from '../protocol/build-reply.ts';
import { buildStreamEvents } from '../protocol/stream-events.ts';
import type { WireRequest } from '../protocol/wire-message.ts';
import { writeStream } from '../protocol/write-stream.ts';
import type { ScriptedReply } from '../script/scripted-reply.ts';
import { type Exchange, type ModelServerContext, sendJson } from './exchange.ts';

/** Slow enough to be seen, and together no longer than a reader of twenty documents has patience for. */
const USUAL_DELAY_MS = 5;
const MAX_STREAM_MS = 400;

/** The wait between two chunks of a stream of so many, milliseconds; may be a fraction. */
function chooseDelay(chunks: number): number {
  return Math.min(USUAL_DELAY_MS, MAX_STREAM_MS / Math.max(1, chunks));
}

interface MessageDelivery {
  request: WireRequest;
  reply: Extract<ScriptedReply, { type: 'message' }>;
  inputTokens: number;
  scripted: boolean;
}

/** Waits, unless the client leaves first; then it throws the abort. */
async function wait(delayMs: number | undefined, signal: AbortSignal): Promise<void> {
  if (delayMs !== undefined && delayMs > 0) await setTimeout(delayMs, undefined, { signal });
}

/** Sends a message, streamed or whole, and remembers the signatures it carries. */
export async function deliverMessage(
  context: ModelServerContext,
  exchange: Exchange,
  { request, reply: wanted, inputTokens, scripted }: MessageDelivery,
): Promise<void> {
  const { response, record, signal } = exchange;
  const delivery = wanted.delivery ?? {};
  const { reply, blocks, random } = buildReply(request, wanted, inputTokens);
  for (const block of reply.content) {
    if (block.type === 'thinking') context.ledger.issue(String(block.thinking), String(block.signature));
  }
  await wait(delivery.delayBeforeHeadersMs, signal);
  if (!request.stream) {
    sendJson(exchange, 200, reply, { scripted, stopReason: reply.stop_reason });
    return;
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'request-id': record.requestId,
  });
  const events = buildStreamEvents(reply, blocks, { interleave: delivery.interleave ?? false, random });
  const { end, bytes } = await writeStream({
    response,
    events,
    delivery,
    delayMs: delivery.delayBetweenChunksMs ?? context.streamDelayMs ?? chooseDelay(events.length),
    requestId: record.requestId,
    signal,
  });
  record.answer = { status: 200, scripted, stopReason: end === 'completed' ? reply.stop_reason : null, end, bytes };
}

async function deliverRaw(exchange: Exchange, reply: Extract<ScriptedReply, { type: 'raw' }>): Promise<void> {
  const { response, record, signal } = exchange;
  const status = reply.status ?? 200;
  response.writeHead(status, {
    'content-type': 'text/event-stream; charset=utf-8',
    'request-id': record.requestId,
    ...reply.headers,
  });
  let bytes = 0;
  for (const chunk of reply.chunks) {
    const piece = Buffer.from(chunk, reply.encoding ?? 'utf8');
    bytes += piece.length;
    if (!response.write(piece)) await once(response, 'drain', { signal });
    await wait(reply.delivery?.delayBetweenChunksMs, signal);
  }
  response.end();
  record.answer = { status, scripted: true, stopReason: null, end: 'whole', bytes };
}

/** Sends a scripted reply that is not a message: an error, exact bytes, silence or a reset. */
export async function deliverScripted(
  exchange: Exchange,
  reply: Exclude<ScriptedReply, { type: 'message' | 'extractive' }>,
): Promise<void> {
  const { request, record, signal } = exchange;
  switch (reply.type) {
    case 'error': {
      await wait(reply.delivery?.delayBeforeHeadersMs, signal);
      const type = reply.error_type ?? errorTypeOf(reply.status);
      const body = toErrorBody(type, reply.message ?? `scripted ${type}`, record.requestId);
      sendJson(exchange, reply.status, body, { headers: reply.headers ?? {}, scripted: true });
      return;
    }
    case 'raw':
      await wait(reply.delivery?.delayBeforeHeadersMs, signal);
      await deliverRaw(exchange, reply);
      return;
    case 'hang':
      record.answer = { status: 0, scripted: true, stopReason: null, end: 'none', bytes: 0 };
      if (!signal.aborted) await once(signal, 'abort');
      return;
    case 'reset':
      record.answer = { status: 0, scripted: true, stopReason: null, end: 'none', bytes: 0 };
      request.socket.resetAndDestroy();
  }
}
