import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { parseFile } from '../batch/parse-batch.ts';
import type { ApiClient } from '../http/api-client.ts';
import { ApiError } from '../http/api-error.ts';
import type { SourceDocument } from './collect-documents.ts';

const UPLOADS_AT_ONCE = 4;
const PATIENCE_MS = 60_000;
const UPLOAD_TIMEOUT_MS = 600_000;
/** These say that our key is wrong, not that the document is. */
const OUR_FAULT: ReadonlySet<number> = new Set([401, 403, 404, 405]);

/** A document the API has. */
export interface UploadedDocument {
  readonly document: SourceDocument;
  readonly fileId: string;
  /** What the API found it to be. */
  readonly mediaType: string;
}

/** A document the API did not take. */
export interface RefusedDocument {
  readonly customId: string;
  readonly reason: string;
}

export interface UploadOptions {
  readonly client: ApiClient;
  readonly documents: readonly SourceDocument[];
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Uploads every document, streamed from its file, in any order; answers in the order given. */
export async function uploadDocuments(
  options: UploadOptions,
): Promise<{ uploaded: UploadedDocument[]; refused: RefusedDocument[] }> {
  const { documents } = options;
  const outcomes: (UploadedDocument | RefusedDocument | undefined)[] = documents.map(() => undefined);
  const waiting = documents.entries();
  let done = 0;
  const uploadNext = async () => {
    for (const [index, document] of waiting) {
      outcomes[index] = await uploadOne(options, document);
      done += 1;
      options.onProgress(done, documents.length);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_ONCE }, uploadNext));
  const finished = outcomes.filter((outcome) => outcome !== undefined);
  return {
    uploaded: finished.filter((outcome) => 'fileId' in outcome),
    refused: finished.filter((outcome) => 'reason' in outcome),
  };
}

async function uploadOne(
  { client, signal }: UploadOptions,
  document: SourceDocument,
): Promise<UploadedDocument | RefusedDocument> {
  try {
    const body = await client.request(
      {
        method: 'POST',
        path: `/v1/files?name=${encodeURIComponent(document.name.toWellFormed())}`,
        headers: { 'content-type': document.mediaType },
        // The types of fetch and of node:stream/web describe the same class.
        body: () => Readable.toWeb(createReadStream(document.path)) as ReadableStream<Uint8Array>,
        patienceMs: PATIENCE_MS,
        timeoutMs: UPLOAD_TIMEOUT_MS,
      },
      signal,
    );
    return { document, ...parseFile(body, document.mediaType) };
  } catch (error) {
    if (error instanceof ApiError && !OUR_FAULT.has(error.status)) {
      return { customId: document.customId, reason: error.detail };
    }
    throw error;
  }
}
