import type { Readable } from 'node:stream';
import type { FileId, TenantId } from '@nightshift/domain';
import type { ObjectStore } from './object-store.ts';
import type { UploadedObject } from './object-upload.ts';

/** Enough for every signature that `file-type` knows. */
export const SNIFFED_BYTES = 4_100;

export interface StoreFileOptions {
  tenantId: TenantId;
  fileId: FileId;
  /** What the client says the bytes are. */
  mediaType: string;
  maxBytes: number;
  /**
   * Sees the first bytes (at most SNIFFED_BYTES; none of an empty file) before anything is sent and says what the bytes
   * really are; what it throws refuses the file.
   */
  sniff(head: Uint8Array, declared: string): string | Promise<string>;
  signal?: AbortSignal;
}

export interface StoredFile extends Pick<UploadedObject, 'bytes' | 'sha256'> {
  s3Key: string;
  /** What `sniff` said. */
  mediaType: string;
}

/** The key of an uploaded document: ids only. Register it (status `uploading`) before calling `storeFile`. */
export function toFileKey(tenantId: TenantId, fileId: FileId): string {
  return `t/${tenantId}/files/${fileId}`;
}

/**
 * Streams an uploaded document to S3. Throws `payload_too_large` as soon as one byte too many has come, and whatever the
 * stream, `sniff` and the store throw; nothing is left in S3 then. The rest of a refused body stays unread and the stream
 * open, so that a refusal can still be answered.
 */
export async function storeFile(store: ObjectStore, body: Readable, options: StoreFileOptions): Promise<StoredFile> {
  const { maxBytes, signal } = options;
  const s3Key = toFileKey(options.tenantId, options.fileId);
  const chunks: AsyncIterator<Uint8Array> = body.iterator({ destroyOnReturn: false });
  try {
    const head = await readHead(chunks);
    const mediaType = await options.sniff(head.subarray(0, SNIFFED_BYTES), options.mediaType);
    const upload = store.startUpload({ key: s3Key, mediaType, ifAbsent: true, maxBytes, signal });
    try {
      await upload.write(head);
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) await upload.write(next.value);
      const { bytes, sha256 } = await upload.finish();
      return { s3Key, mediaType, bytes, sha256 };
    } catch (error) {
      await upload.abort();
      throw error;
    }
  } finally {
    await chunks.return?.();
  }
}

async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < SNIFFED_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    parts.push(next.value);
    length += next.value.length;
  }
  return Buffer.concat(parts);
}
