import type { ApiClient } from '../http/api-client.ts';
import { parseTaskResult, UnexpectedAnswerError } from './parse-batch.ts';
import type { TaskResult } from './task-result.ts';

const TIMEOUT_MS = 300_000;

/** The results of a batch, those that are over, in the order of submission. */
export async function fetchResults(client: ApiClient, batchId: string, signal: AbortSignal): Promise<TaskResult[]> {
  const lines = await client.request(
    { method: 'GET', path: `/v1/batches/${batchId}/results`, answer: 'lines', timeoutMs: TIMEOUT_MS },
    signal,
  );
  if (!Array.isArray(lines)) throw new UnexpectedAnswerError('the API answered results that are no lines');
  return lines.map(parseTaskResult);
}
