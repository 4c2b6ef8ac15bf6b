import Table from 'cli-table3';
import { judgeResult } from '../batch/judge-result.ts';
import type { TaskResult } from '../batch/task-result.ts';
import type { RefusedDocument } from '../documents/upload-documents.ts';
import { breakLongWords } from './break-long-words.ts';
import { cleanText } from './clean-text.ts';
import type { Colors } from './colors.ts';
import { readDocumentResult } from './read-document-result.ts';

const MIN_COLUMNS = 80;
const MAX_COLUMNS = 200;
const COLUMNS = 6;
/** A border and two spaces for each column, and the last border. */
const FRAME_COLUMNS = COLUMNS * 3 + 1;
const KIND_COLUMNS = 9;
const LANGUAGE_COLUMNS = 4;
const STATUS_COLUMNS = 10;
/** Of what is left, in hundredths; the key facts get the rest. */
const DOCUMENT_SHARE = 28;
const TITLE_SHARE = 36;
const MAX_TITLE_CHARS = 120;
const MAX_FACT_CHARS = 60;
const MAX_REASON_CHARS = 300;

/** The table of results, or below 80 columns a list of them, and why the ones without a result have none. */
export function renderResults(
  results: readonly TaskResult[],
  refused: readonly RefusedDocument[],
  screen: { columns: number; colors: Colors },
): string {
  const { colors } = screen;
  const parts =
    results.length === 0
      ? []
      : [screen.columns < MIN_COLUMNS ? renderList(results, colors) : renderTable(results, screen)];
  const problems = [
    ...results.map((task) => ({ customId: task.customId, verdict: judgeResult(task) })),
    ...refused.map(({ customId, reason }) => ({ customId, verdict: { kind: 'document' as const, reason } })),
  ].flatMap(({ customId, verdict }) => (verdict.kind === 'done' ? [] : [{ customId, verdict }]));
  if (problems.length > 0) {
    const lines = problems.map(({ customId, verdict }) => {
      const mark = verdict.kind === 'other' ? colors.red('✖') : colors.yellow('!');
      return `  ${mark} ${colors.bold(cleanText(customId))}: ${clip(cleanText(verdict.reason), MAX_REASON_CHARS)}`;
    });
    parts.push(`No result for ${problems.length} of ${results.length + refused.length}:\n${lines.join('\n')}`);
  }
  return parts.join('\n');
}

function renderTable(results: readonly TaskResult[], { columns, colors }: { columns: number; colors: Colors }): string {
  const room = Math.min(columns, MAX_COLUMNS) - FRAME_COLUMNS;
  const flexible = room - KIND_COLUMNS - LANGUAGE_COLUMNS - STATUS_COLUMNS;
  const documentWidth = Math.floor((flexible * DOCUMENT_SHARE) / 100);
  const titleWidth = Math.floor((flexible * TITLE_SHARE) / 100);
  const factsWidth = flexible - documentWidth - titleWidth;
  const widths = [documentWidth, titleWidth, KIND_COLUMNS, LANGUAGE_COLUMNS, factsWidth, STATUS_COLUMNS];
  const table = new Table({
    head: ['document', 'title', 'kind', 'lang', 'key facts', 'status'].map((text) => colors.bold(text)),
    style: { head: [], border: [] },
    colWidths: widths.map((width) => width + 2),
    wordWrap: true,
    wrapOnWordBoundary: true,
  });
  for (const task of results) {
    const summary = readDocumentResult(task.result);
    const wrapped = [
      breakLongWords(cleanText(task.customId), documentWidth),
      breakLongWords(clip(summary.title, MAX_TITLE_CHARS), titleWidth),
      breakLongWords(summary.kind, KIND_COLUMNS),
      clip(summary.language, LANGUAGE_COLUMNS),
      breakLongWords(summary.facts.map((fact) => clip(fact, MAX_FACT_CHARS)).join(' · '), factsWidth),
    ];
    table.push([...wrapped, renderStatus(task, colors)]);
  }
  return table.toString();
}

/** For a terminal in which the table would be torn: the lines of each document below each other, left to the terminal. */
function renderList(results: readonly TaskResult[], colors: Colors): string {
  const entries = results.map((task) => {
    const { title, kind, language, facts } = readDocumentResult(task.result);
    const about = [kind, language, ...facts.map((fact) => clip(fact, MAX_FACT_CHARS))].filter((text) => text !== '');
    const lines = [clip(title, MAX_TITLE_CHARS), about.join(' · ')].filter((text) => text !== '');
    const name = `${colors.bold(cleanText(task.customId))}  ${renderStatus(task, colors)}`;
    return [name, ...lines.map((line) => `  ${line}`)].join('\n');
  });
  return `${entries.join('\n')}\n`;
}

function renderStatus(task: TaskResult, colors: Colors): string {
  const verdict = judgeResult(task);
  if (verdict.kind === 'done') return colors.green('completed');
  if (verdict.kind === 'document' && task.status === 'completed') return colors.yellow('unreadable');
  return verdict.kind === 'document' ? colors.yellow(task.status) : colors.red(task.status);
}

function clip(text: string, maxChars: number): string {
  const characters = [...text];
  return characters.length <= maxChars ? text : `${characters.slice(0, maxChars - 1).join('')}…`;
}
