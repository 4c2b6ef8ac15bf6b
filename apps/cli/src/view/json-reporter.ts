import { countFinal } from '../batch/batch-view.ts';
import { judgeResult } from '../batch/judge-result.ts';
import type { Reporter } from './reporter.ts';

/** JSON Lines for programs on the one side, messages for people on the other. */
export function createJsonReporter(options: {
  write: (line: string) => void;
  message: (text: string) => void;
}): Reporter {
  let statuses = new Map<string, string>();
  const write = (type: string, fields: object) => options.write(JSON.stringify({ type, ...fields }));
  return {
    message: options.message,
    uploading: (done, total) => write('documents.uploaded', { done, total }),
    batch(batch) {
      for (const task of batch.tasks) {
        if (statuses.get(task.id) === task.status) continue;
        statuses.set(task.id, task.status);
        const { id, customId, status, turn, tool, failure } = task;
        const done = { final: countFinal(batch), total: batch.total };
        write('task.status', { task_id: id, custom_id: customId, status, turn, tool, failure, ...done });
      }
    },
    connection: (connected) => write('api.connection', { connected }),
    batchEnded() {
      statuses = new Map();
    },
    ready: (place) =>
      write('ready', {
        api_url: place.apiUrl,
        api_key_file: place.apiKeyFile,
        data_dir: place.dataDir,
        log_dir: place.logDir,
        is_stand_in_model: place.isStandInModel,
      }),
    outcome({ batchId, results, refused }) {
      for (const task of results) {
        const { id, customId, status, result, failure, audioId } = task;
        const verdict = judgeResult(task).kind;
        write('result', { task_id: id, custom_id: customId, status, verdict, result, failure, audio_id: audioId });
      }
      for (const { customId, reason } of refused) write('refused', { custom_id: customId, reason });
      write('batch.ended', { batch_id: batchId, results: results.length, refused: refused.length });
    },
  };
}
