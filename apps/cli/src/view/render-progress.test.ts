import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { BatchView } from '../batch/batch-view.ts';
import { isFinal, TASK_STATUSES, type TaskStatus, type TaskView } from '../batch/task-view.ts';
import { createColors } from './colors.ts';
import { renderProgress } from './render-progress.ts';

const BATCH_ID = 'batch_01k9zzzzzzzzzzzzzzzzzzzzzz';

function task(customId: string, status: TaskStatus, more: Partial<TaskView> = {}): TaskView {
  return {
    id: `task_${customId}`,
    customId,
    status,
    waitingFor: undefined,
    turn: undefined,
    tool: undefined,
    startedAtMs: status === 'queued' ? undefined : 1_000,
    finishedAtMs: isFinal(status) ? 9_000 : undefined,
    failure: undefined,
    ...more,
  };
}

function batchOf(tasks: TaskView[]): BatchView {
  const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as Record<TaskStatus, number>;
  for (const { status } of tasks) counts[status] += 1;
  return { id: BATCH_ID, total: tasks.length, counts, tasks };
}

function render(
  tasks: TaskView[],
  screen: { columns?: number; rows?: number; color?: boolean } = {},
  connected = true,
) {
  return renderProgress(
    { batch: batchOf(tasks), first: { atMs: 0, final: 0 }, nowMs: 31_000, connected },
    {
      columns: screen.columns ?? 80,
      rows: screen.rows ?? 24,
      colors: createColors(screen.color ?? false),
      frame: 0,
    },
  );
}

describe('renderProgress', () => {
  it('shows the batch and, for each task, status, turn, tool and elapsed time', () => {
    const lines = render([
      task('done.md', 'completed', { turn: 4 }),
      task('contract.pdf', 'running', { turn: 2, tool: 'read_document' }),
      task('later.csv', 'queued'),
      task('slow.eml', 'waiting', { turn: 1, waitingFor: 'provider' }),
    ]);
    expect(lines).toEqual([
      BATCH_ID,
      `${'█'.repeat(7)}${'░'.repeat(23)}  1/4  0:31  1.9/min  ETA 1:33`,
      '⠋ contract.pdf running    turn 2  read_document       0:30',
      '◌ slow.eml     waiting    turn 1  for provider        0:30',
      '✔ done.md      completed  turn 4                      0:08',
      '· later.csv    queued',
    ]);
  });

  it('fits every screen, and sums up what it leaves out', () => {
    const tasks = [
      ...Array.from({ length: 30 }, (_, n) => task(`queued-${n}-${'契約書'.repeat(20)}.pdf`, 'queued')),
      ...Array.from({ length: 5 }, (_, n) => task(`running ${n}`, 'running', { turn: 12, tool: 'search_documents' })),
    ];
    for (const [columns, rows] of [
      [40, 10],
      [80, 24],
      [200, 60],
    ] as const) {
      const lines = render(tasks, { columns, rows });
      expect(lines.length).toBeLessThan(rows);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
    expect(render(tasks, { rows: 10 }).slice(2)).toEqual([
      ...Array.from({ length: 5 }, (_, n) => expect.stringContaining(`running ${n}`)),
      '  and 30 queued',
    ]);
  });

  it('says that it reconnects', () => {
    expect(render([task('a', 'running')], {}, false)[0]).toBe(`${BATCH_ID} reconnecting`);
  });

  it('writes control codes only for colour, and nothing of a file name acts on the terminal', () => {
    const tasks = [task('a\u001b[2J\u009b31m\nb.pdf', 'running', { tool: '\u001b]0;x\u0007speak' })];
    expect(render(tasks).join('')).not.toMatch(/\p{Cc}/u);
    const colored = render(tasks, { color: true });
    expect(colored.join('\n')).toContain('\u001b[36m');
    expect(colored.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(render(tasks));
  });
});

/** East Asian wide characters take two columns. */
function widthOf(line: string): number {
  return [...line].reduce((width, character) => width + (/\p{Script=Han}/u.test(character) ? 2 : 1), 0);
}
