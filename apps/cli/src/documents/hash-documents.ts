import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { SourceDocument } from './collect-documents.ts';

/** A fingerprint of the ids and the bytes of all documents: two starts on the same files have the same. */
export async function hashDocuments(documents: readonly SourceDocument[], signal: AbortSignal): Promise<string> {
  const total = createHash('sha256');
  for (const { path, customId } of documents) {
    const content = createHash('sha256');
    await pipeline(createReadStream(path), content, { signal });
    total.update(`${JSON.stringify(customId)} ${content.digest('hex')}\n`);
  }
  return total.digest('hex');
}
