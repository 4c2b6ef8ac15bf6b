import { createHash, randomUUID } from 'node:crypto';
import type { UploadedDocument } from '../documents/upload-documents.ts';
import type { ApiClient } from '../http/api-client.ts';
import type { BatchRecord } from './batch-record.ts';
import { parseBatch } from './parse-batch.ts';

const AGENT = 'document-analyst';
const PATIENCE_MS = 60_000;
const MAX_FILE_NAME_CHARS = 200;

/** What is submitted for these documents: a new run, so that the same documents can be analysed again later. */
export function prepareBatch(
  uploaded: readonly UploadedDocument[],
  about: Pick<BatchRecord, 'content' | 'refused'>,
): BatchRecord {
  const runId = randomUUID();
  const body = JSON.stringify({
    agent: AGENT,
    name: `nightshift up: ${uploaded.length} documents`,
    metadata: { run_id: runId },
    requests: uploaded.map(({ document, fileId, mediaType }) => ({
      custom_id: document.customId,
      input: {
        file_id: fileId,
        name: document.name.slice(0, MAX_FILE_NAME_CHARS).toWellFormed(),
        media_type: mediaType,
      },
    })),
  });
  const idempotencyKey = `up-${createHash('sha256').update(body).digest('hex')}`;
  return { ...about, idempotencyKey, body, batchId: undefined };
}

/** Creates the batch, or finds the one an earlier try with this record has created. Answers its id. */
export async function submitBatch(client: ApiClient, record: BatchRecord, signal: AbortSignal): Promise<string> {
  const answer = await client.request(
    {
      method: 'POST',
      path: '/v1/batches',
      headers: { 'content-type': 'application/json', 'idempotency-key': record.idempotencyKey },
      body: () => record.body,
      patienceMs: PATIENCE_MS,
    },
    signal,
  );
  return parseBatch(answer).id;
}
