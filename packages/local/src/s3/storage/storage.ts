import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { S3Error } from '../s3-error.ts';
import { Bucket } from './bucket.ts';
import { createBucketFolders, toBucketFolders } from './bucket-folders.ts';
import { replaceFile, syncFolder } from './durable-file.ts';
import { KeyLock } from './key-lock.ts';
import { loadBucket } from './load-bucket.ts';

/** "Bucket naming rules" of the S3 user guide; they also make the name safe as a folder. */
const BUCKET_NAME = /^(?!xn--)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

export interface StorageOptions {
  dataDir: string;
  nowMs: () => number;
  log: (message: string) => void;
}

/** All buckets of a data folder. */
export class Storage {
  readonly #folder: string;
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();
  readonly #lock = new KeyLock();

  private constructor(folder: string, nowMs: () => number) {
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  static async open({ dataDir, nowMs, log }: StorageOptions): Promise<Storage> {
    const folder = join(dataDir, 'buckets');
    await mkdir(folder, { recursive: true });
    const storage = new Storage(folder, nowMs);
    for (const { name } of (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
      const files = await readdir(join(folder, name));
      // A crash while a bucket was made or deleted leaves a folder without a record: it never was, or is no more.
      if (files.includes('bucket.json')) storage.#buckets.set(name, await loadBucket(folder, name, log));
      else log(`bucket ${name}: ignored, it has no record`);
    }
    return storage;
  }

  list(): Bucket[] {
    return [...this.#buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws S3Error `NoSuchBucket` */
  get(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error('NoSuchBucket', { fields: { BucketName: name } });
    return bucket;
  }

  has(name: string): boolean {
    return this.#buckets.has(name);
  }

  /** @throws S3Error `InvalidBucketName`, `BucketAlreadyOwnedByYou` */
  async create(name: string): Promise<void> {
    if (!BUCKET_NAME.test(name)) throw new S3Error('InvalidBucketName', { fields: { BucketName: name } });
    await this.#lock.run(name, async () => {
      if (this.#buckets.has(name)) throw new S3Error('BucketAlreadyOwnedByYou', { fields: { BucketName: name } });
      const folders = toBucketFolders(this.#folder, name);
      await rm(folders.root, { recursive: true, force: true });
      await createBucketFolders(folders);
      const createdMs = this.#nowMs();
      await replaceFile(join(folders.root, 'bucket.json'), folders.temporary, JSON.stringify({ name, createdMs }));
      await syncFolder(this.#folder);
      this.#buckets.set(name, new Bucket({ name, createdMs, folders, content: { objects: [], uploads: [] } }));
    });
  }

  /** @throws S3Error `NoSuchBucket`, `BucketNotEmpty` */
  async remove(name: string): Promise<void> {
    await this.#lock.run(name, async () => {
      await this.get(name).remove();
      this.#buckets.delete(name);
      await syncFolder(this.#folder);
    });
  }
}
