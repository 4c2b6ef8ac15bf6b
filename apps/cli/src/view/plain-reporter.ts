import { type BatchView, countFinal } from '../batch/batch-view.ts';
import { isFinal, type TaskView } from '../batch/task-view.ts';
import { cleanText } from './clean-text.ts';
import { formatDuration } from './format-duration.ts';
import { reportSummary, type SummaryOutput } from './report-summary.ts';
import type { Reporter } from './reporter.ts';

/** One line for every change of a status, for a log file or a terminal that cannot redraw. */
export function createPlainReporter(options: { write: (line: string) => void; output: SummaryOutput }): Reporter {
  const { write } = options;
  let statuses = new Map<string, string>();
  return {
    message: write,
    uploading(done, total) {
      if (done === total) write(`uploaded ${total} documents`);
    },
    batch(batch) {
      for (const task of batch.tasks) {
        if (statuses.get(task.id) !== task.status && task.status !== 'queued') write(describeChange(task, batch));
        statuses.set(task.id, task.status);
      }
    },
    connection: (connected) => write(connected ? 'the API answers again' : 'reconnecting to the API'),
    batchEnded() {
      statuses = new Map();
    },
    ...reportSummary(options.output),
  };
}

function describeChange(task: TaskView, batch: BatchView): string {
  const parts = [`[${countFinal(batch)}/${batch.total}]`, cleanText(task.customId), task.status];
  if (task.status === 'waiting' && task.waitingFor !== undefined) parts.push(`for ${task.waitingFor}`);
  if (isFinal(task.status) && task.startedAtMs !== undefined && task.finishedAtMs !== undefined) {
    parts.push(`after ${formatDuration(task.finishedAtMs - task.startedAtMs)}`);
  }
  if (task.failure !== undefined) parts.push(`- ${cleanText(task.failure.message)}`);
  return parts.join(' ');
}
