import { type BatchView, countFinal } from '../batch/batch-view.ts';
import { isFinal, type TaskStatus, type TaskView } from '../batch/task-view.ts';
import { cleanText } from './clean-text.ts';
import type { Colors } from './colors.ts';
import { estimateProgress, type ProgressSample } from './estimate-progress.ts';
import { formatDuration } from './format-duration.ts';
import { renderPlainTable } from './plain-table.ts';

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const MIN_COLUMNS = 40;
const MAX_BAR_COLUMNS = 30;
/** Header, a line below it, and the line the cursor stands on. */
const OTHER_LINES = 4;
const MIN_TASK_LINES = 1;
const STATUS_COLUMNS = 10;
const TURN_COLUMNS = 7;
const TOOL_COLUMNS = 16;
const ELAPSED_COLUMNS = 7;
const MAX_NAME_COLUMNS = 48;
const MIN_NAME_COLUMNS = 8;

/** Everything a frame shows. */
export interface ProgressState {
  readonly batch: BatchView;
  /** When the watching began. */
  readonly first: ProgressSample;
  readonly nowMs: number;
  readonly connected: boolean;
}

export interface ProgressScreen {
  readonly columns: number;
  readonly rows: number;
  readonly colors: Colors;
  /** Number of the frame, for the spinner. */
  readonly frame: number;
}

/** The lines of the progress view; they fit the screen. */
export function renderProgress(state: ProgressState, screen: ProgressScreen): string[] {
  const columns = Math.max(screen.columns, MIN_COLUMNS);
  const sorted = sortByInterest(state.batch.tasks);
  const room = Math.max(screen.rows - OTHER_LINES, MIN_TASK_LINES);
  // The line that sums up the rest needs room itself.
  const shown = sorted.length <= room ? sorted : sorted.slice(0, Math.max(room - 1, MIN_TASK_LINES));
  const rest = sorted.slice(shown.length);
  return [
    ...renderHeader(state, columns, screen.colors),
    ...renderTasks(shown, state, { ...screen, columns }),
    ...(rest.length === 0 ? [] : [screen.colors.dim(`  and ${sumUp(rest)}`)]),
  ];
}

function renderHeader({ batch, first, nowMs, connected }: ProgressState, columns: number, colors: Colors): string[] {
  const final = countFinal(batch);
  const { perMinute, remainingMs } = estimateProgress(first, { atMs: nowMs, final }, batch.total);
  const numbers = [`${final}/${batch.total}`, formatDuration(nowMs - first.atMs)];
  if (perMinute !== undefined) numbers.push(`${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)}/min`);
  if (remainingMs !== undefined && final < batch.total) numbers.push(`ETA ${formatDuration(remainingMs)}`);
  const text = `  ${numbers.join('  ')}`;
  const bar = renderBar(batch.total === 0 ? 1 : final / batch.total, columns - text.length - 1, colors);
  const name = columns > batch.id.length ? colors.bold(batch.id) : colors.bold('batch');
  return [connected ? name : `${name} ${colors.yellow('reconnecting')}`, `${bar}${text}`];
}

function renderBar(ratio: number, room: number, colors: Colors): string {
  const width = Math.max(0, Math.min(room, MAX_BAR_COLUMNS));
  const full = Math.min(width, Math.floor(ratio * width));
  return colors.green('█'.repeat(full)) + colors.dim('░'.repeat(width - full));
}

function renderTasks(
  tasks: readonly TaskView[],
  { nowMs }: ProgressState,
  { columns, colors, frame }: ProgressScreen,
): string[] {
  const fixed = [1, STATUS_COLUMNS, TURN_COLUMNS, TOOL_COLUMNS, ELAPSED_COLUMNS].reduce(
    (sum, width) => sum + width + 1,
  );
  const isNarrow = columns - fixed - 2 < MIN_NAME_COLUMNS;
  const longest = tasks.reduce((length, { customId }) => Math.max(length, cleanText(customId).length), 0);
  const room = isNarrow ? columns - STATUS_COLUMNS - 5 : columns - fixed - 2;
  const name = { width: Math.min(room, MAX_NAME_COLUMNS, Math.max(longest, MIN_NAME_COLUMNS)) };
  const columnsOfRow = isNarrow
    ? [{ width: 1 }, name, { width: STATUS_COLUMNS }]
    : [
        { width: 1 },
        name,
        { width: STATUS_COLUMNS },
        { width: TURN_COLUMNS },
        { width: TOOL_COLUMNS },
        { width: ELAPSED_COLUMNS, align: 'right' as const },
      ];
  const rows = tasks.map((task) => {
    const cells = [
      renderGlyph(task.status, frame, colors),
      cleanText(task.customId),
      colorStatus(task.status, colors)(task.status),
      task.turn === undefined ? '' : `turn ${task.turn}`,
      isFinal(task.status) ? '' : cleanText(describeActivity(task)),
      task.startedAtMs === undefined ? '' : formatDuration((task.finishedAtMs ?? nowMs) - task.startedAtMs),
    ];
    return cells.slice(0, columnsOfRow.length);
  });
  return renderPlainTable(columnsOfRow, rows).map((line) => line.trimEnd());
}

function describeActivity(task: TaskView): string {
  if (task.status === 'waiting') return task.waitingFor === undefined ? '' : `for ${task.waitingFor}`;
  if (task.status !== 'running') return '';
  return task.tool ?? 'model';
}

function renderGlyph(status: TaskStatus, frame: number, colors: Colors): string {
  const glyphs: Record<TaskStatus, string> = {
    queued: '·',
    running: SPINNER[frame % SPINNER.length] ?? '·',
    waiting: '◌',
    completed: '✔',
    failed: '✖',
    cancelled: '⊘',
    expired: '⊘',
  };
  return colorStatus(status, colors)(glyphs[status]);
}

function colorStatus(status: TaskStatus, colors: Colors): (text: string) => string {
  const styles: Record<TaskStatus, (text: string) => string> = {
    queued: colors.dim,
    running: colors.cyan,
    waiting: colors.yellow,
    completed: colors.green,
    failed: colors.red,
    cancelled: colors.dim,
    expired: colors.red,
  };
  return styles[status];
}

/** What is going on first, then what went wrong, then the last that was done, then what is still to come. */
function sortByInterest(tasks: readonly TaskView[]): TaskView[] {
  const ranks: Record<TaskStatus, number> = {
    running: 0,
    waiting: 1,
    failed: 2,
    expired: 2,
    completed: 3,
    cancelled: 3,
    queued: 4,
  };
  return [...tasks].sort((a, b) => {
    const difference = ranks[a.status] - ranks[b.status];
    if (difference !== 0) return difference;
    return a.status === 'completed' ? (b.finishedAtMs ?? 0) - (a.finishedAtMs ?? 0) : 0;
  });
}

function sumUp(tasks: readonly TaskView[]): string {
  const counts = new Map<TaskStatus, number>();
  for (const { status } of tasks) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
}
