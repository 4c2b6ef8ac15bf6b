import { describe, expect, it } from 'vitest';
import type { BatchView } from '../batch/batch-view.ts';
import type { TaskStatus, TaskView } from '../batch/task-view.ts';
import { createColors } from './colors.ts';
import { createPlainReporter } from './plain-reporter.ts';

function batchOf(status: TaskStatus, more: Partial<TaskView> = {}): BatchView {
  const final = status === 'completed' || status === 'failed' ? 1 : 0;
  const counts = { queued: 0, running: 0, waiting: 0, completed: final, failed: 0, cancelled: 0, expired: 0 };
  const task = {
    id: 'task_1',
    customId: 'a\u001b[2J.md',
    status,
    waitingFor: undefined,
    turn: undefined,
    tool: undefined,
    startedAtMs: 1_000,
    finishedAtMs: 62_000,
    failure: undefined,
    ...more,
  };
  return { id: 'batch_1', total: 1, counts, tasks: [task] };
}

describe('createPlainReporter', () => {
  it('writes one line for each change of a status, and no control codes', () => {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const output = { write, message: write, columns: () => 80, colors: createColors(false) };
    const reporter = createPlainReporter({ write, output });
    reporter.uploading(1, 2);
    reporter.uploading(2, 2);
    reporter.batch(batchOf('queued'));
    reporter.batch(batchOf('running'));
    reporter.connection(false);
    reporter.connection(true);
    reporter.batch(batchOf('running', { turn: 2 }));
    reporter.batch(batchOf('failed', { failure: { code: 'tool_rejected', message: 'The file is\ndamaged.' } }));
    reporter.batchEnded();
    expect(lines).toEqual([
      'uploaded 2 documents',
      '[0/1] a.md running',
      'reconnecting to the API',
      'the API answers again',
      '[1/1] a.md failed after 1:01 - The file is damaged.',
    ]);
  });
});
