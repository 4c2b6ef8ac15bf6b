import type { WireRequest, WireTool } from '../protocol/wire-message.ts';
import type { ScriptedBlock } from '../script/scripted-reply.ts';
import { analyseDocument } from './analyse-document.ts';
import { answerComposer } from './answer-composer.ts';
import { findDocumentTask } from './find-document-task.ts';
import { sampleInput } from './sample-input.ts';
import { summariseText } from './summarise-text.ts';

/** The tool a `tool_choice` of `any` or `tool` obliges to call. */
function findForcedTool({ toolChoice, tools }: WireRequest): WireTool | undefined {
  if (toolChoice.type === 'tool') return tools.find((tool) => tool.name === toolChoice.name);
  return toolChoice.type === 'any' ? tools[0] : undefined;
}

/**
 * What the extractive stand-in answers: the next step on the document the task names, else the music that was asked for,
 * else a summary of the user's text. A function of the request alone: equal requests get equal answers.
 */
export function answerRequest(
  request: WireRequest,
  { contextWindowTokens }: { contextWindowTokens: number },
): ScriptedBlock[] {
  const task = findDocumentTask(request.messages);
  const canRead = request.tools.some((tool) => tool.name === 'read_document');
  const answer: ScriptedBlock[] =
    task !== undefined && canRead
      ? analyseDocument(request, { task, contextWindowTokens })
      : (answerComposer(request) ?? [{ type: 'text', text: summariseText(request) }]);
  const forced = findForcedTool(request);
  const complies = answer.some(
    (block) => block.type === 'tool_use' && (request.toolChoice.type === 'any' || block.name === forced?.name),
  );
  if (forced === undefined || complies) return answer;
  return [{ type: 'tool_use', name: forced.name, input: sampleInput(forced.input_schema, summariseText(request)) }];
}
