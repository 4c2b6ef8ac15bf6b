import type { ObjectStore } from '@nightshift/artifacts';
import { FailureError } from '@nightshift/domain';
import { createSemaphore } from '@nightshift/resilience';
import { LRUCache } from 'lru-cache';
import { DocumentError } from '../../documents/document-error.ts';
import type { DocumentPages } from '../../documents/document-pages.ts';
import { DocumentParserError } from '../../documents/document-parser-error.ts';
import { DEFAULT_MAX_DOCUMENT_BYTES, readDocumentPages } from '../../documents/read-document-pages.ts';
import { RetryableToolError } from '../../errors/retryable-tool-error.ts';
import { ToolError } from '../../errors/tool-error.ts';
import type { CatalogFile } from './catalog-file.ts';

/** Text kept in a worker process; an agent asks for the pages of its document one after the other. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;
/** Each parse is a process of its own and holds the document in memory. */
const MAX_PARSES = 4;

/** Parsed documents of a worker process. */
export interface DocumentCache {
  /**
   * The pages of the file. Calls for the same file that come together share one parse, which goes on when one of them
   * gives up. Throws a ToolError when the document is the reason, a RetryableToolError or a FailureError when the
   * machine or S3 is, the signal's reason when it aborts.
   */
  read(file: CatalogFile, signal: AbortSignal): Promise<DocumentPages>;
}

export function createDocumentCache(deps: { objectStore: Pick<ObjectStore, 'read'> }): DocumentCache {
  const parsed = new LRUCache<string, DocumentPages>({ maxSize: MAX_CACHED_BYTES, sizeCalculation: measure });
  const loading = new Map<string, Promise<DocumentPages>>();
  const slots = createSemaphore(MAX_PARSES);

  async function load(file: CatalogFile): Promise<DocumentPages> {
    const release = await slots.acquire();
    try {
      const bytes = await deps.objectStore.read(file.s3Key, { maxBytes: DEFAULT_MAX_DOCUMENT_BYTES });
      const pages = await readDocumentPages(bytes, { name: file.name, mediaType: file.mediaType });
      parsed.set(file.s3Key, pages);
      return pages;
    } catch (error) {
      throw toToolFailure(error, file);
    } finally {
      release();
      loading.delete(file.s3Key);
    }
  }

  return {
    async read(file, signal) {
      signal.throwIfAborted();
      // The key of an object is never written twice, so what it holds never changes.
      const known = parsed.get(file.s3Key);
      if (known) return known;
      const underWay = loading.get(file.s3Key) ?? load(file);
      loading.set(file.s3Key, underWay);
      return await orAborted(underWay, signal);
    },
  };
}

/** UTF-16 in memory, and something for the objects. */
function measure(document: DocumentPages): number {
  return document.pages.reduce((total, page) => total + page.length * 2, 1_000);
}

function toToolFailure(error: unknown, file: CatalogFile): unknown {
  if (error instanceof DocumentError) return new ToolError(error.message, { code: error.code, cause: error });
  if (error instanceof DocumentParserError) {
    return new RetryableToolError({ message: 'The document parser could not be started.', cause: error });
  }
  if (error instanceof FailureError && error.failure.code === 'not_found') {
    return new ToolError(`The content of "${file.name}" does not exist any more; it cannot be read.`, { cause: error });
  }
  if (error instanceof FailureError && error.failure.code === 'payload_too_large') {
    const message = `"${file.name}" is too large to be read: ${error.failure.message}`;
    return new ToolError(message, { code: 'document_too_large', cause: error });
  }
  return error;
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
