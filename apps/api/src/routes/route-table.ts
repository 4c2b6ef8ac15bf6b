import type { Route } from '../http/route.ts';
import { cancelBatch } from './cancel-batch.ts';
import { cancelTask } from './cancel-task.ts';
import { createBatch } from './create-batch.ts';
import { createStreamToken } from './create-stream-token.ts';
import { deleteFile } from './delete-file.ts';
import { getArtifact } from './get-artifact.ts';
import { getArtifactContent } from './get-artifact-content.ts';
import { getBatch } from './get-batch.ts';
import { getBatchResults } from './get-batch-results.ts';
import { getDeadLetter } from './get-dead-letter.ts';
import { getFile } from './get-file.ts';
import { getFileContent } from './get-file-content.ts';
import { getTask } from './get-task.ts';
import { listBatchItems } from './list-batch-items.ts';
import { listBatches } from './list-batches.ts';
import { listDeadLetters } from './list-dead-letters.ts';
import { listFiles } from './list-files.ts';
import { listSteps } from './list-steps.ts';
import { listTaskArtifacts } from './list-task-artifacts.ts';
import { listTasks } from './list-tasks.ts';
import { replayDeadLetter } from './replay-dead-letter.ts';
import { replayTask } from './replay-task.ts';
import { sendTaskInput } from './send-task-input.ts';
import { streamTaskEvents } from './stream-task-events.ts';
import { submitTask } from './submit-task.ts';
import { uploadFile } from './upload-file.ts';

/** Every endpoint that needs a key: what is served, documented and tested for tenancy. */
export const ROUTES: readonly Route[] = [
  submitTask,
  listTasks,
  getTask,
  cancelTask,
  sendTaskInput,
  replayTask,
  streamTaskEvents,
  createStreamToken,
  listSteps,
  listTaskArtifacts,
  getArtifact,
  getArtifactContent,
  uploadFile,
  listFiles,
  getFile,
  getFileContent,
  deleteFile,
  createBatch,
  listBatches,
  getBatch,
  listBatchItems,
  getBatchResults,
  cancelBatch,
  listDeadLetters,
  getDeadLetter,
  replayDeadLetter,
];
