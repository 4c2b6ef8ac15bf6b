import type { Readable } from 'node:stream';
import { abortUploads, deleteObject } from './discard-object.ts';
import { ensureBucket } from './ensure-bucket.ts';
import { headObject, type StoredObject } from './head-object.ts';
import { listUploads, type UnfinishedUpload } from './list-uploads.ts';
import { ObjectUpload, type ObjectUploadOptions, type UploadedObject } from './object-upload.ts';
import { type PresignOptions, presignGet } from './presign-get.ts';
import { type GetObjectOptions, getObject, type ObjectContent, readObject } from './read-object.ts';
import { openS3Connection, type S3Options } from './s3-connection.ts';

/** One bucket. Every method that waits for S3 throws a FailureError, or the reason of the signal it was given. */
export interface ObjectStore {
  /** Stores bytes of any length. Memory: at most two parts, whatever the stream brings. */
  put(
    key: string,
    content: Uint8Array | Readable,
    options: { mediaType: string; ifAbsent: boolean; maxBytes?: number; signal?: AbortSignal },
  ): Promise<UploadedObject>;
  /** An upload that the caller feeds. Opens nothing until the first part is full. */
  startUpload(options: ObjectUploadOptions): ObjectUpload;
  get(key: string, options?: GetObjectOptions): Promise<ObjectContent>;
  /** The whole object, checked against its sha256; `payload_too_large` above `maxBytes`. */
  read(key: string, options: { maxBytes: number; signal?: AbortSignal | undefined }): Promise<Buffer>;
  head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  delete(key: string): Promise<void>;
  /** Drops unfinished uploads to the key and says how many there were. */
  abortUploads(key: string): Promise<number>;
  /** Unfinished uploads to keys with the prefix: the first page, at most 1000. */
  listUploads(prefix: string): Promise<UnfinishedUpload[]>;
  presignGet(key: string, options: PresignOptions): Promise<string>;
  ensureBucket(): Promise<void>;
  /** Closes the sockets. Calls under way fail. */
  close(): void;
}

/** Opens no socket until the first call. */
export function createObjectStore(options: S3Options): ObjectStore {
  const connection = openS3Connection(options);
  return {
    async put(key, content, putOptions) {
      const upload = new ObjectUpload(connection, { key, ...putOptions });
      try {
        if (content instanceof Uint8Array) await upload.write(content);
        else for await (const chunk of content) await upload.write(chunk);
      } catch (error) {
        await upload.abort();
        throw error;
      }
      return await upload.finish();
    },
    startUpload: (uploadOptions) => new ObjectUpload(connection, uploadOptions),
    get: (key, getOptions) => getObject(connection, key, getOptions),
    read: (key, readOptions) => readObject(connection, key, readOptions),
    head: (key, signal) => headObject(connection, key, signal),
    delete: (key) => deleteObject(connection, key),
    abortUploads: (key) => abortUploads(connection, key),
    listUploads: (prefix) => listUploads(connection, prefix),
    presignGet: (key, presignOptions) => presignGet(connection, key, presignOptions),
    ensureBucket: () => ensureBucket(connection),
    close: () => connection.client.destroy(),
  };
}
