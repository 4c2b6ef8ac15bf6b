import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Where one bucket keeps its files. */
export interface BucketFolders {
  root: string;
  /** One JSON per object, named by the hash of its key. */
  objects: string;
  /** The bytes, under generated names. */
  data: string;
  /** One folder per multipart upload: `upload.json` and one JSON per part. */
  uploads: string;
  /** Files being written; emptied at each start. */
  temporary: string;
}

export function toBucketFolders(bucketsFolder: string, name: string): BucketFolders {
  const root = join(bucketsFolder, name);
  return {
    root,
    objects: join(root, 'objects'),
    data: join(root, 'data'),
    uploads: join(root, 'uploads'),
    temporary: join(root, 'tmp'),
  };
}

export async function createBucketFolders(folders: BucketFolders): Promise<void> {
  for (const folder of [folders.objects, folders.data, folders.uploads, folders.temporary]) {
    await mkdir(folder, { recursive: true });
  }
}

/** A key may be any 1,024 bytes: `../x`, `a//b`, NUL. Its hash is a safe name of fixed length, and `a` never clashes with `a/b`. */
export function toObjectFile(folders: BucketFolders, key: string): string {
  return join(folders.objects, `${createHash('sha256').update(key).digest('hex')}.json`);
}

export function toUploadFolder(folders: BucketFolders, uploadId: string): string {
  return join(folders.uploads, uploadId);
}

export function toPartFile(folders: BucketFolders, uploadId: string, partNumber: number): string {
  return join(folders.uploads, uploadId, `part-${partNumber}.json`);
}
