import { isId, toUuid } from '@nightshift/domain';
import { judgeResult } from '../batch/judge-result.ts';
import type { TaskResult } from '../batch/task-result.ts';
import { cleanText } from './clean-text.ts';
import type { Colors } from './colors.ts';
import { renderPlainTable } from './plain-table.ts';
import type { BatchOutcome, ServingPlace } from './reporter.ts';

/** More documents than this are not listed one by one. */
const MAX_LISTED = 40;
const MAX_NAME_COLUMNS = 60;
const ID_COLUMNS = 31;

/** How to fetch what a batch produced: one example as commands to copy, the ids of all, and where things lie. */
export function renderDirections(
  { batchId, results }: BatchOutcome,
  place: ServingPlace,
  screen: { columns: number; colors: Colors },
): string {
  const { colors } = screen;
  const sections = [[colors.bold('Where things are'), ...renderPlaces(place)]];
  const example = chooseExample(results);
  if (example !== undefined && batchId !== undefined) {
    sections.push([
      colors.bold(`How to fetch them, for example ${cleanText(example.customId)}`),
      ...renderCommands(example, batchId, place).map((line) => (line.startsWith('  #') ? colors.dim(line) : line)),
    ]);
  }
  if (results.length > 0) sections.push(renderIds(results, screen));
  if (place.isStandInModel) sections.push([colors.yellow(STAND_IN_NOTICE)]);
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

export const STAND_IN_NOTICE =
  'The model is a local extractive stand-in, not a language model: it quotes the documents and understands nothing.\n' +
  'Set ANTHROPIC_API_KEY (or ANTHROPIC_BASE_URL) to have a real one read them.';

function renderPlaces(place: ServingPlace): string[] {
  return [
    `  API       ${place.apiUrl}  (description: /openapi.json)`,
    `  API key   ${place.apiKeyFile}`,
    `  data      ${place.dataDir}`,
    `  logs      ${place.logDir}`,
  ];
}

/** With a spoken brief if there is one. */
function chooseExample(results: readonly TaskResult[]): TaskResult | undefined {
  const done = results.filter((task) => judgeResult(task).kind === 'done');
  return done.find(({ audioId }) => audioId !== undefined) ?? done[0] ?? results[0];
}

function renderCommands(task: TaskResult, batchId: string, place: ServingPlace): string[] {
  const url = `${place.apiUrl}/v1`;
  const curl = 'curl -sS -H "Authorization: Bearer $NIGHTSHIFT_KEY"';
  const database = place.databaseUrlFile === undefined ? '"$DATABASE_URL"' : `"$(cat ${quote(place.databaseUrlFile)})"`;
  return [
    `  export NIGHTSHIFT_KEY=$(cat ${quote(place.apiKeyFile)})`,
    '  # the task: status, result, usage',
    `  ${curl} ${url}/tasks/${task.id}`,
    '  # everything that happened, as server-sent events (-N: as it happens)',
    `  ${curl} -N -H "Accept: text/event-stream" ${url}/tasks/${task.id}/events`,
    ...(task.audioId === undefined
      ? []
      : ['  # the spoken brief', `  ${curl} -o brief.mp3 ${url}/artifacts/${task.audioId}/content`]),
    '  # the results of all documents, one JSON object a line',
    `  ${curl} ${url}/batches/${batchId}/results`,
    ...renderQuery(task, database),
    '  Another document: put its ids from the list below in their place.',
  ];
}

function renderQuery(task: TaskResult, database: string): string[] {
  if (!isId('task', task.id)) return [];
  const uuid = toUuid(task.id);
  return ['  # the row in Postgres', `  psql ${database} -c "select result from tasks where id = '${uuid}'"`];
}

function renderIds(results: readonly TaskResult[], { columns, colors }: { columns: number; colors: Colors }): string[] {
  const listed = results.slice(0, MAX_LISTED);
  const width = Math.min(MAX_NAME_COLUMNS, Math.max(16, columns - 2 * (ID_COLUMNS + 1) - 3));
  const rows = listed.map((task) => ['', cleanText(task.customId), task.id, task.audioId ?? '-']);
  const table = renderPlainTable([{ width: 1 }, { width }, { width: ID_COLUMNS }, { width: ID_COLUMNS }], rows);
  const rest = results.length - listed.length;
  return [
    colors.bold('Each document: its task, and the artifact with the spoken brief'),
    ...table.map((line) => line.trimEnd()),
    ...(rest === 0 ? [] : [`  and ${rest} more: see the results of the batch`]),
  ];
}

/** For a POSIX shell; left alone when it needs no quotes. */
function quote(text: string): string {
  return /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
