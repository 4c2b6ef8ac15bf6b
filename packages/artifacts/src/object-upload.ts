import { createHash, randomUUID } from 'node:crypto';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { failWith, invariant, messageOf } from '@nightshift/domain';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  type MultipartUpload,
  uploadPart,
} from './multipart-upload.ts';
import { PartBuffer } from './part-buffer.ts';
import { putObject } from './put-object.ts';
import type { S3Connection } from './s3-connection.ts';
import { toS3Failure } from './to-s3-failure.ts';

/** S3's smallest part but the last (S3 multipart limits). */
export const MIN_PART_BYTES = 5 * 1024 * 1024;
/** S3's most parts of an upload. */
const MAX_PARTS = 10_000;
/** After so many parts the size of a part grows by another 5 MiB: 5 GB need 20 MiB of memory, 268 GB still fit. */
const PARTS_PER_SIZE = 1_000;

export interface ObjectUploadOptions {
  key: string;
  mediaType: string;
  /** Never overwrite: I19. */
  ifAbsent: boolean;
  /** Its abort drops the upload, without anybody calling `abort`. */
  signal?: AbortSignal | undefined;
  /** More bytes than this are refused with `payload_too_large`. */
  maxBytes?: number | undefined;
}

export interface UploadedObject {
  bytes: number;
  /** Hex, of the whole. */
  sha256: string;
  etag: string;
}

/**
 * An object of unknown length on its way to S3. Holds at most two parts in memory, one that fills and one that is sent.
 * What fits into one part is written by a single PutObject at the end. After a failure, `finish` has dropped the upload.
 */
export class ObjectUpload {
  readonly #connection: S3Connection;
  readonly #options: ObjectUploadOptions;
  readonly #token = randomUUID();
  readonly #hash = createHash('sha256');
  readonly #stop = new AbortController();
  readonly #onAbort = () => void this.abort();
  readonly #parts: CompletedPart[] = [];
  #part = new PartBuffer(MIN_PART_BYTES);
  #partsBegun = 0;
  #bytes = 0;
  #multipart: MultipartUpload | undefined;
  /** The part that is being sent. Never rejects: `#failure` says how it went. */
  #sending: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Writes run one after the other, whoever calls. Never rejects. */
  #lastWrite: Promise<void> = Promise.resolve();
  #finished: Promise<UploadedObject> | undefined;
  #isStored = false;
  #aborted: Promise<void> | undefined;

  constructor(connection: S3Connection, options: ObjectUploadOptions) {
    this.#connection = connection;
    this.#options = options;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Bytes taken by `write` so far. */
  get bytesWritten(): number {
    return this.#bytes;
  }

  /**
   * Takes the chunk, which may be used again afterwards. Resolves when the buffer has room again. Throws a FailureError,
   * or the signal's reason.
   */
  async write(chunk: Uint8Array): Promise<void> {
    const write = this.#lastWrite.then(() => this.#append(chunk));
    this.#lastWrite = write.catch(() => undefined);
    await write;
  }

  /** Makes what was written an object. A second call gives the same answer. */
  finish(): Promise<UploadedObject> {
    this.#finished ??= this.#finish();
    return this.#finished;
  }

  /** Drops the upload and what S3 has of it; resolves when S3 has said so. Without effect once finished. Never rejects. */
  abort(): Promise<void> {
    this.#aborted ??= this.#drop();
    return this.#aborted;
  }

  async #append(chunk: Uint8Array): Promise<void> {
    this.#assertGoingOn();
    const { maxBytes } = this.#options;
    if (maxBytes !== undefined && this.#bytes + chunk.length > maxBytes) {
      throw failWith('payload_too_large', `At most ${maxBytes} bytes can be stored.`);
    }
    let rest = chunk;
    while (rest.length > 0) {
      const taken = this.#part.append(rest);
      this.#hash.update(rest.subarray(0, taken));
      this.#bytes += taken;
      rest = rest.subarray(taken);
      if (this.#part.isFull) await this.#sendPart();
    }
  }

  /** Hands the full part over as soon as the one before it has gone, and makes room for the next. */
  async #sendPart(): Promise<void> {
    await this.#sending;
    this.#assertGoingOn();
    if (this.#partsBegun >= MAX_PARTS) throw failWith('payload_too_large', 'The object has too many parts for S3.');
    this.#partsBegun += 1;
    this.#sending = this.#upload(this.#partsBegun, this.#part.bytes).catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#part = new PartBuffer(MIN_PART_BYTES * (1 + Math.floor(this.#partsBegun / PARTS_PER_SIZE)));
  }

  async #upload(number: number, bytes: Uint8Array): Promise<void> {
    const { key, mediaType } = this.#options;
    this.#multipart ??= await createMultipartUpload(this.#connection, { key, mediaType, uploadToken: this.#token });
    const { signal } = this.#stop;
    this.#parts.push(await uploadPart(this.#connection, this.#multipart, { number, bytes, signal }));
  }

  async #finish(): Promise<UploadedObject> {
    try {
      await this.#lastWrite;
      this.#assertGoingOn();
      const sha256 = this.#hash.digest('hex');
      const etag = this.#partsBegun === 0 ? await this.#putWhole(sha256) : await this.#complete();
      this.#isStored = true;
      this.#options.signal?.removeEventListener('abort', this.#onAbort);
      return { bytes: this.#bytes, sha256, etag };
    } catch (error) {
      this.#failure ??= error;
      await this.abort();
      throw this.#reason();
    }
  }

  async #putWhole(sha256: string): Promise<string> {
    const { key, mediaType, ifAbsent } = this.#options;
    const { signal } = this.#stop;
    const object = { key, mediaType, ifAbsent, sha256, bytes: this.#part.bytes, uploadToken: this.#token, signal };
    return await putObject(this.#connection, object);
  }

  async #complete(): Promise<string> {
    if (this.#part.length > 0) await this.#sendPart();
    await this.#sending;
    this.#assertGoingOn();
    invariant(this.#multipart, 'a part was sent without an upload');
    const { ifAbsent } = this.#options;
    const { signal } = this.#stop;
    const whole = { parts: this.#parts, bytes: this.#bytes, ifAbsent, signal };
    return await completeMultipartUpload(this.#connection, this.#multipart, whole);
  }

  async #drop(): Promise<void> {
    if (this.#isStored) return;
    this.#failure ??= this.#options.signal?.aborted
      ? this.#options.signal.reason
      : failWith('artifact_upload_failed', 'The upload was given up.', { retryable: false });
    this.#stop.abort(this.#failure);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await this.#sending;
    // A part that arrives after the abort would stay, so this waits for the part first.
    if (this.#multipart === undefined) return;
    await abortMultipartUpload(this.#connection, this.#multipart).catch((error: unknown) => {
      const { key } = this.#options;
      this.#connection.log.warn(
        { key, error: messageOf(error) },
        'unfinished upload left to the lifecycle rule of the bucket',
      );
    });
  }

  #assertGoingOn(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#reason();
  }

  /** Why it ended: the signal's reason as it is, everything else as a FailureError. */
  #reason(): unknown {
    const { signal } = this.#options;
    if (signal?.aborted) return signal.reason;
    return toS3Failure(this.#failure, 'Upload');
  }
}
