import { countTextTokens } from '../protocol/count-tokens.ts';
import type { WireRequest } from '../protocol/wire-message.ts';
import type { ScriptedBlock } from '../script/scripted-reply.ts';
import { buildFailure, buildResult, formatResult } from './build-result.ts';
import { collectFindings } from './collect-findings.ts';
import type { DocumentTask } from './find-document-task.ts';
import { type ReadFailure, type ReadingState, readConversation } from './read-conversation.ts';
import { chooseVoice, writeBrief } from './write-brief.ts';
import { writeNotes } from './write-notes.ts';

/** Pages asked for in one turn. */
const MAX_PARALLEL_PAGES = 4;
/** Share of the context window the pages of one turn may fill. */
const PAGES_SHARE = 0.25;
/** An error that may pass is met with one more try; others are final at once. */
const MAX_ATTEMPTS = 2;
/** Share of `max_tokens` the notes may take, so that the tool calls behind them are not cut off. */
const NOTES_SHARE = 0.6;

function isOpen(state: ReadingState, page: number): boolean {
  const attempts = state.attempts.get(page) ?? 0;
  const failure = state.failures.get(page);
  if (failure === undefined) return attempts === 0;
  return failure.code === 'unreadable' && attempts < MAX_ATTEMPTS;
}

/** The pages to ask for next: page 1 first, for the number of pages; then as many at once as the window allows. */
function choosePages(state: ReadingState, known: ReadonlySet<number>, contextWindowTokens: number): number[] {
  if (state.totalPages === undefined) return isOpen(state, 1) ? [1] : [];
  const open = Array.from({ length: state.totalPages }, (_, at) => at + 1).filter(
    (page) => !known.has(page) && isOpen(state, page),
  );
  const sizes = [...state.texts.values()].map(countTextTokens);
  const largest = Math.max(1, ...sizes);
  const fitting = Math.floor((contextWindowTokens * PAGES_SHARE) / largest);
  return open.slice(0, Math.min(MAX_PARALLEL_PAGES, Math.max(1, fitting)));
}

function say(text: string, fallback: string): ScriptedBlock {
  return { type: 'text', text: text.trim() === '' ? fallback : text };
}

/** One turn of the work on a document: read on, or speak the brief, or give the result. */
export function analyseDocument(
  request: WireRequest,
  { task, contextWindowTokens }: { task: DocumentTask; contextWindowTokens: number },
): ScriptedBlock[] {
  const mayCall = request.toolChoice.type !== 'none';
  const offered = (name: string) => (mayCall ? request.tools.find((tool) => tool.name === name) : undefined);
  const state = readConversation(request.messages);
  const collected = collectFindings(state, task);
  const notes = () => writeNotes(state, collected, Math.floor(request.maxTokens * NOTES_SHARE));

  const pages = offered('read_document') === undefined ? [] : choosePages(state, collected.known, contextWindowTokens);
  if (pages.length > 0) {
    const calls = pages.map((page) => ({
      type: 'tool_use' as const,
      name: 'read_document',
      input: { file_id: task.fileId, page },
    }));
    return [say(notes(), `Reading "${task.name ?? task.fileId}", page 1.`), ...calls];
  }

  const failure = [...state.failures.values()][0];
  const blank = [...state.texts.values()].every((text) => text.trim() === '') && state.notes.length === 0;
  if (collected.known.size === 0 || blank) {
    const reason: ReadFailure =
      failure ??
      (blank && state.texts.size > 0
        ? { code: 'empty', message: 'No page of the document has any text.' }
        : { code: 'unreadable', message: 'No page of the document came back from read_document.' });
    return [{ type: 'text', text: JSON.stringify(buildFailure(task, reason), null, 2) }];
  }

  const speak = offered('speak');
  if (speak !== undefined && !state.speak.called) {
    const result = buildResult(state, collected, task);
    const voice = chooseVoice(speak, result.language);
    const input = { text: writeBrief(result), ...(voice === undefined ? {} : { voice }) };
    return [say(notes(), 'All pages are read.'), { type: 'tool_use', name: 'speak', input }];
  }
  const json = formatResult((limits) => buildResult(state, collected, task, limits), request.maxTokens);
  return [{ type: 'text', text: json }];
}
