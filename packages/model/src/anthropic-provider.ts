import Anthropic from '@anthropic-ai/sdk';
import { FailureError, failWith, type JsonObject, toSafeText } from '@nightshift/domain';
import { callWithFailpoints, reachFailpoint } from '@nightshift/resilience';
import { BlockCollector, type CollectedBlocks } from './block-collector.ts';
import { findModelInfo, type ModelInfo } from './model-info.ts';
import {
  KNOWN_STOP_REASONS,
  type ModelBlock,
  type ModelProvider,
  type ModelReply,
  type ModelRequest,
  type ModelStopReason,
  type ModelUsage,
  type TurnListener,
} from './model-message.ts';
import { observeBytes } from './observe-bytes.ts';
import { toModelFailure } from './to-model-failure.ts';
import { DEFAULT_TURN_TIMEOUTS, type TurnTimeouts, TurnWatchdog } from './turn-watchdog.ts';

export interface AnthropicProviderOptions {
  apiKey: string;
  /** Any server that speaks the Messages protocol. */
  baseUrl?: string | undefined;
  timeouts?: TurnTimeouts;
  /** Windows and prices by model name; default is what we know of Anthropic's models. */
  findInfo?(model: string): ModelInfo;
}

/** Streams turns from Anthropic, or from anything that speaks its protocol. Retries are ours: the SDK's are off. */
export function createAnthropicProvider(options: AnthropicProviderOptions): ModelProvider {
  const timeouts = options.timeouts ?? DEFAULT_TURN_TIMEOUTS;
  const client = new Anthropic({
    apiKey: options.apiKey,
    baseURL: options.baseUrl ?? 'https://api.anthropic.com',
    maxRetries: 0,
    timeout: timeouts.totalMs,
    logLevel: 'off',
  });

  return {
    findInfo: options.findInfo ?? findModelInfo,
    async streamTurn(request, { listener, signal }) {
      const watchdog = new TurnWatchdog(timeouts);
      try {
        return await receive(client, request, listener, watchdog, AbortSignal.any([signal, watchdog.signal]));
      } catch (thrown) {
        signal.throwIfAborted();
        const cause = watchdog.failure ?? thrown;
        throw cause instanceof FailureError ? cause : new FailureError(toModelFailure(cause, request.model), { cause });
      } finally {
        watchdog.stop();
      }
    },
  };
}

async function receive(
  client: Anthropic,
  request: ModelRequest,
  listener: TurnListener,
  watchdog: TurnWatchdog,
  signal: AbortSignal,
): Promise<ModelReply> {
  const startedAt = performance.now();
  const observed = client.withOptions({ fetch: observeBytes(() => watchdog.sawBytes()) });
  const { data: stream, request_id } = await callWithFailpoints(
    'model.request',
    () => observed.messages.create(toParams(request), { signal }).withResponse(),
    createConnectionLoss,
  );
  const collector = new BlockCollector(listener);
  let model = request.model;
  let usage: ModelUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 };
  let stopReason: string | null = null;
  let timeToFirstTokenMs: number | undefined;
  let sawMessageStop = false;
  for await (const event of stream) {
    await reachFailpoint(`model.event.${event.type}`, createConnectionLoss);
    switch (event.type) {
      case 'message_start':
        model = toSafeText(event.message.model);
        usage = mergeUsage(usage, event.message.usage);
        break;
      case 'content_block_start':
        await watchdog.whileListening(collector.start(event.index, event.content_block as unknown as ModelBlock));
        break;
      case 'content_block_delta':
        timeToFirstTokenMs ??= performance.now() - startedAt;
        await watchdog.whileListening(
          collector.delta(event.index, event.delta as unknown as JsonObject & { type: string }),
        );
        break;
      case 'content_block_stop':
        await watchdog.whileListening(collector.stop(event.index));
        break;
      case 'message_delta':
        stopReason = event.delta.stop_reason ?? stopReason;
        usage = mergeUsage(usage, event.usage);
        break;
      case 'message_stop':
        sawMessageStop = true;
        break;
      default: // newer kinds of event may come at any time
    }
    watchdog.sawContent();
  }
  signal.throwIfAborted(); // an aborted iteration ends without an error
  if (!sawMessageStop) throw failWith('model_stream_cut', 'The reply ended before message_stop.');
  return {
    model,
    ...toContent(collector.finish(), toStopReason(stopReason)),
    usage,
    requestId: request_id ?? undefined,
    timeToFirstTokenMs,
  };
}

/** What undici throws when a connection breaks. */
function createConnectionLoss(): Error {
  return new TypeError('terminated');
}

/** Judges what was received whole: calls exist only in a message that stopped to use tools (I9). */
function toContent(
  { blocks, toolCalls, hasOpenToolCall }: CollectedBlocks,
  stopReason: ModelStopReason,
): Pick<ModelReply, 'blocks' | 'toolCalls' | 'stopReason' | 'truncatedToolCall'> {
  switch (stopReason) {
    case 'max_tokens':
      // The block that was cut is closed all the same: its text may even parse.
      return { blocks, toolCalls: [], stopReason, truncatedToolCall: hasOpenToolCall || toolCalls.length > 0 };
    case 'tool_use':
      if (hasOpenToolCall) throw failWith('model_bad_reply', 'A tool call in the reply was never closed.');
      if (toolCalls.length === 0) throw failWith('model_bad_reply', 'The model stopped to use a tool and named none.');
      return { blocks, toolCalls, stopReason, truncatedToolCall: false };
    case 'end_turn':
    case 'stop_sequence':
    case 'pause_turn':
    case 'refusal':
    case 'model_context_window_exceeded':
      return { blocks, toolCalls: [], stopReason, truncatedToolCall: false };
  }
}

function toParams(request: ModelRequest): Anthropic.MessageCreateParamsStreaming {
  return {
    model: request.model,
    max_tokens: request.maxOutputTokens,
    system: request.system,
    // Blocks are sent back exactly as they were received; the SDK's types know fewer kinds than the wire.
    messages: request.messages as unknown as Anthropic.MessageParam[],
    tools: request.tools.map((tool) => ({
      name: tool.name,
      description: tool.description,
      input_schema: tool.inputSchema as unknown as Anthropic.Tool.InputSchema,
    })),
    stream: true,
  };
}

function toStopReason(text: string | null): ModelStopReason {
  const known = KNOWN_STOP_REASONS.find((reason) => reason === text);
  if (known) return known;
  if (text === null) throw failWith('model_bad_reply', 'The reply ended without a stop reason.');
  throw failWith('model_bad_reply', `The model stopped for a reason we do not know: ${text}.`, { retryable: false });
}

function mergeUsage(
  before: ModelUsage,
  update: // other servers that speak the protocol leave it out
    | {
        input_tokens?: number | null;
        output_tokens?: number | null;
        cache_read_input_tokens?: number | null;
        cache_creation_input_tokens?: number | null;
      }
    | undefined,
): ModelUsage {
  return {
    inputTokens: update?.input_tokens ?? before.inputTokens,
    outputTokens: update?.output_tokens ?? before.outputTokens,
    cacheReadTokens: update?.cache_read_input_tokens ?? before.cacheReadTokens,
    cacheCreationTokens: update?.cache_creation_input_tokens ?? before.cacheCreationTokens,
  };
}
