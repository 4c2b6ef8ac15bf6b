import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { S3Error } from '../s3-error.ts';
import { type BucketFolders, toObjectFile, toPartFile, toUploadFolder } from './bucket-folders.ts';
import { DataFiles } from './data-files.ts';
import { replaceFile, syncFolder, writeStreamedFile } from './durable-file.ts';
import { KeyLock } from './key-lock.ts';
import type { ObjectRecord, Segment } from './object-record.ts';
import { SortedKeys } from './sorted-keys.ts';
import type { PartRecord, Upload, UploadRecord } from './upload-record.ts';

export interface BucketContent {
  objects: readonly ObjectRecord[];
  uploads: readonly Upload[];
}

export interface BucketOptions {
  name: string;
  createdMs: number;
  folders: BucketFolders;
  content: BucketContent;
}

/**
 * One bucket: an index in memory of what is on disk.
 *
 * Maintained invariant: an object's JSON appears only after its data files are in `data` and synced, and a data file is
 * deleted only after no JSON names it. A crash therefore leaves at most files nobody names, which the next start deletes.
 * Whoever changes an object or an upload holds `lock` for its key.
 */
export class Bucket {
  readonly name: string;
  readonly createdMs: number;
  readonly folders: BucketFolders;
  readonly files: DataFiles;
  readonly keys = new SortedKeys();
  readonly uploads = new Map<string, Upload>();
  readonly lock = new KeyLock();
  readonly #objects = new Map<string, ObjectRecord>();
  #isDeleted = false;

  constructor(options: BucketOptions) {
    this.name = options.name;
    this.createdMs = options.createdMs;
    this.folders = options.folders;
    this.files = new DataFiles(options.folders.data);
    for (const record of options.content.objects) this.#remember(record);
    for (const upload of options.content.uploads) this.uploads.set(upload.record.id, upload);
  }

  find(key: string): ObjectRecord | undefined {
    return this.#objects.get(key);
  }

  /** @throws S3Error `NoSuchKey` */
  get(key: string): ObjectRecord {
    const record = this.#objects.get(key);
    if (record === undefined) throw new S3Error('NoSuchKey', { fields: { Key: key } });
    return record;
  }

  /** @throws S3Error `NoSuchUpload` also when the upload is of another key */
  getUpload(key: string, uploadId: string): Upload {
    const upload = this.uploads.get(uploadId);
    if (upload?.record.key !== key) throw new S3Error('NoSuchUpload', { fields: { UploadId: uploadId } });
    return upload;
  }

  /** Streams bytes into the temporary folder. @returns the file's name, for `keepFile` or `dropTemporary` */
  async writeTemporary(chunks: AsyncIterable<Buffer>): Promise<string> {
    this.#checkAlive();
    return await writeStreamedFile(this.folders.temporary, chunks);
  }

  async dropTemporary(file: string): Promise<void> {
    await rm(join(this.folders.temporary, file), { force: true });
  }

  /** Moves a finished temporary file among the data files. */
  async keepFile(file: string): Promise<void> {
    await rename(join(this.folders.temporary, file), join(this.folders.data, file));
    await syncFolder(this.folders.data);
  }

  /** Makes an object visible, replacing the one of the same key. Under the key's lock. */
  async putObject(record: ObjectRecord): Promise<void> {
    this.#checkAlive();
    await replaceFile(toObjectFile(this.folders, record.key), this.folders.temporary, JSON.stringify(record));
    const replaced = this.#objects.get(record.key);
    this.#remember(record);
    if (replaced !== undefined) await this.files.discard(replaced.segments);
  }

  /** Under the key's lock. @returns whether there was one */
  async removeObject(key: string): Promise<boolean> {
    const record = this.#objects.get(key);
    if (record === undefined) return false;
    await rm(toObjectFile(this.folders, key), { force: true });
    await syncFolder(this.folders.objects);
    this.#objects.delete(key);
    this.keys.remove(key);
    await this.files.discard(record.segments);
    return true;
  }

  async createUpload(record: UploadRecord): Promise<void> {
    this.#checkAlive();
    const folder = toUploadFolder(this.folders, record.id);
    await mkdir(folder);
    await replaceFile(join(folder, 'upload.json'), this.folders.temporary, JSON.stringify(record));
    await syncFolder(this.folders.uploads);
    this.uploads.set(record.id, { record, parts: new Map() });
  }

  /** Adds or replaces a part. Under the key's lock. */
  async putPart(upload: Upload, part: PartRecord): Promise<void> {
    const path = toPartFile(this.folders, upload.record.id, part.partNumber);
    await replaceFile(path, this.folders.temporary, JSON.stringify(part));
    const replaced = upload.parts.get(part.partNumber);
    upload.parts.set(part.partNumber, part);
    if (replaced !== undefined) await this.files.discard([replaced]);
  }

  /** Forgets an upload and deletes the bytes of its parts but for `kept`, which an object owns now. Under the key's lock. */
  async removeUpload(upload: Upload, kept: readonly Segment[]): Promise<void> {
    this.uploads.delete(upload.record.id);
    const folder = toUploadFolder(this.folders, upload.record.id);
    // The record goes first: without it the next start takes the rest of the folder away.
    await rm(join(folder, 'upload.json'), { force: true });
    await rm(folder, { recursive: true, force: true });
    await syncFolder(this.folders.uploads);
    const owned = new Set(kept.map(({ file }) => file));
    await this.files.discard([...upload.parts.values()].filter(({ file }) => !owned.has(file)));
  }

  /** @throws S3Error `BucketNotEmpty` */
  async remove(): Promise<void> {
    this.#checkAlive();
    if (this.#objects.size > 0) throw new S3Error('BucketNotEmpty', { fields: { BucketName: this.name } });
    this.#isDeleted = true;
    // The record goes first: what a crash leaves is then no bucket, whatever else is still there.
    await rm(join(this.folders.root, 'bucket.json'), { force: true });
    await rm(this.folders.root, { recursive: true, force: true });
  }

  #remember(record: ObjectRecord): void {
    if (!this.#objects.has(record.key)) this.keys.add(record.key);
    this.#objects.set(record.key, record);
  }

  #checkAlive(): void {
    if (this.#isDeleted) throw new S3Error('NoSuchBucket', { fields: { BucketName: this.name } });
  }
}
