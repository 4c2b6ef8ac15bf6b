import type { SourceDocument } from '../documents/collect-documents.ts';
import { hashDocuments } from '../documents/hash-documents.ts';
import { uploadDocuments } from '../documents/upload-documents.ts';
import type { ApiClient } from '../http/api-client.ts';
import { ApiError } from '../http/api-error.ts';
import type { BatchOutcome, Reporter } from '../view/reporter.ts';
import { type BatchRecord, readBatchRecord, removeBatchRecord, writeBatchRecord } from './batch-record.ts';
import { fetchResults } from './fetch-results.ts';
import { followBatch } from './follow-batch.ts';
import { prepareBatch, submitBatch } from './submit-batch.ts';

export interface RunDocumentsOptions {
  readonly client: ApiClient;
  readonly documents: readonly SourceDocument[];
  /** Keeps the record of an unfinished batch. */
  readonly dataDir: string;
  readonly reporter: Pick<Reporter, 'message' | 'uploading' | 'batch' | 'batchEnded'>;
  readonly signal: AbortSignal;
  /** Called with every batch that has ended: an unfinished one of an earlier start, and the one asked for. */
  readonly onOutcome: (outcome: BatchOutcome) => void;
}

/**
 * Has the documents analysed as one batch. A batch that an earlier start left unfinished is followed to its end first;
 * when it was about the same documents, that is all there is to do.
 * @throws ApiError, ApiUnreachableError, the reason of the signal; the record stays then, and another start goes on
 */
export async function runDocuments(options: RunDocumentsOptions): Promise<void> {
  const { dataDir, reporter, signal, onOutcome } = options;
  const content = await hashDocuments(options.documents, signal);
  const unfinished = readBatchRecord(dataDir);
  if (unfinished !== undefined) {
    const outcome = await finishEarlier(options, unfinished);
    if (outcome !== undefined) onOutcome(outcome);
    if (outcome !== undefined && unfinished.content === content) return;
  }
  const { client, documents } = options;
  const onProgress = (done: number, total: number) => reporter.uploading(done, total);
  const { uploaded, refused } = await uploadDocuments({ client, documents, signal, onProgress });
  if (uploaded.length === 0) return onOutcome({ batchId: undefined, results: [], refused });
  const record = prepareBatch(uploaded, { content, refused });
  writeBatchRecord(dataDir, record);
  onOutcome(await finish(options, record));
}

/** Undefined when the database knows nothing of it: it is another database, or it was emptied. */
async function finishEarlier(options: RunDocumentsOptions, record: BatchRecord): Promise<BatchOutcome | undefined> {
  options.reporter.message(`Going on with the unfinished batch ${record.batchId ?? 'of the last start'}`);
  try {
    return await finish(options, record);
  } catch (error) {
    if (!(error instanceof ApiError) || ![400, 404, 422].includes(error.status)) throw error;
    options.reporter.message(`That batch is not in the database any more: ${error.detail}`);
    removeBatchRecord(options.dataDir);
    return undefined;
  }
}

async function finish(options: RunDocumentsOptions, record: BatchRecord): Promise<BatchOutcome> {
  const { client, dataDir, reporter, signal } = options;
  const batchId = record.batchId ?? (await submitBatch(client, record, signal));
  if (record.batchId === undefined) writeBatchRecord(dataDir, { ...record, batchId });
  try {
    await followBatch({ client, batchId, signal, onUpdate: (batch) => reporter.batch(batch) });
  } finally {
    reporter.batchEnded();
  }
  const results = await fetchResults(client, batchId, signal);
  removeBatchRecord(dataDir);
  return { batchId, results, refused: record.refused };
}
