import { isRecord } from '../protocol/is-record.ts';
import { joinText, readResultText, type WireRequest } from '../protocol/wire-message.ts';
import { buildResult, type DocumentResult, formatResult, GENERATED_BY } from './build-result.ts';
import { collectFindings } from './collect-findings.ts';
import { type ReadingState, readConversation } from './read-conversation.ts';

const MAX_ECHO_CHARS = 400;

/** What the user gave to read: their texts, attached text documents, and the results of the latest tool calls. */
function collectUserText({ messages }: WireRequest): string {
  const users = messages.filter((message) => message.role === 'user');
  return users
    .flatMap((message, at) =>
      message.content.map((block) => {
        if (block.type === 'tool_result') return at === users.length - 1 ? readResultText(block) : '';
        const source = block.type === 'document' && isRecord(block.source) ? block.source.data : undefined;
        return typeof source === 'string' && isRecord(block.source) && block.source.type === 'text'
          ? source
          : joinText([block]);
      }),
    )
    .filter((text) => text.trim() !== '')
    .join('\n\n');
}

/** True when the caller asked for JSON: by `output_config.format`, or in words. */
function wantsJson(request: WireRequest): boolean {
  const { output_config: output } = request.raw;
  if (isRecord(output) && isRecord(output.format)) return true;
  return /\bJSON\b/u.test(request.system);
}

/** An answer without a document: the sentences of the user's own text that say the most, or the JSON asked for. */
export function summariseText(request: WireRequest): string {
  const text = collectUserText(request);
  const state: ReadingState = { ...readConversation([]), totalPages: 1, texts: new Map([[1, text]]) };
  const collected = collectFindings(state, { fileId: '' });
  const build = (limits?: Parameters<typeof buildResult>[3]): DocumentResult => ({
    ...buildResult(state, collected, undefined, limits),
    pages_read: 0,
  });
  if (wantsJson(request)) return formatResult(build, request.maxTokens);
  const { summary } = build();
  const quoted = collected.byPage.get(1)?.sentences.length === 0 ? [text.trim().slice(0, MAX_ECHO_CHARS)] : summary;
  return `${quoted.join(' ')}\n\n(Extracted from your text by ${GENERATED_BY}.)`;
}
