import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RefusedDocument } from '../documents/upload-documents.ts';
import { isRecord } from '../http/is-record.ts';

/**
 * The batch that was being submitted or worked on, kept in the data folder: another start goes on with it. Written
 * before the batch is created, so that one whose creation was not heard of is asked for again with the same key.
 */
export interface BatchRecord {
  /** Fingerprint of the documents: their ids and their bytes. */
  readonly content: string;
  readonly idempotencyKey: string;
  /** The body of `POST /v1/batches`, exactly: the same key demands the same body. */
  readonly body: string;
  /** Undefined: not known to exist. */
  readonly batchId: string | undefined;
  /** Documents that were not accepted, and why. */
  readonly refused: readonly RefusedDocument[];
}

/** The unfinished batch of a data folder; undefined when there is none, or none that can be read. */
export function readBatchRecord(dataDir: string): BatchRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(pathIn(dataDir), 'utf8'));
    return isBatchRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Written whole or not at all. */
export function writeBatchRecord(dataDir: string, record: BatchRecord): void {
  const temporary = `${pathIn(dataDir)}.new`;
  writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(temporary, pathIn(dataDir));
}

/** Everything in it has ended. */
export function removeBatchRecord(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'unfinished-batch.json');
}

function isBatchRecord(value: unknown): value is BatchRecord {
  if (!isRecord(value)) return false;
  const { content, idempotencyKey, body, batchId, refused } = value;
  return (
    [content, idempotencyKey, body].every((text) => typeof text === 'string') &&
    (batchId === undefined || typeof batchId === 'string') &&
    Array.isArray(refused) &&
    refused.every((one) => isRecord(one) && typeof one.customId === 'string' && typeof one.reason === 'string')
  );
}
