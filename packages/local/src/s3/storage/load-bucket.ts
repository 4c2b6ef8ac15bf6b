import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Bucket, type BucketContent } from './bucket.ts';
import { createBucketFolders, toBucketFolders, toObjectFile, toUploadFolder } from './bucket-folders.ts';
import { type ObjectRecord, parseObjectRecord } from './object-record.ts';
import { StoredJson, StoredJsonError } from './stored-json.ts';
import { parsePartRecord, parseUploadRecord, type Upload } from './upload-record.ts';

const PARALLEL_READS = 32;

type Log = (message: string) => void;

/** Reads a bucket from disk and deletes what a crash left: temporary files, completed uploads, bytes nobody names. */
export async function loadBucket(bucketsFolder: string, name: string, log: Log): Promise<Bucket> {
  const folders = toBucketFolders(bucketsFolder, name);
  await rm(folders.temporary, { recursive: true, force: true });
  await createBucketFolders(folders);
  const createdMs = StoredJson.parse(await readFile(join(folders.root, 'bucket.json'), 'utf8')).count('createdMs');

  const objectFiles = await readdir(folders.objects);
  const objects = await readAll(objectFiles, async (file) => {
    const record = parseObjectRecord(StoredJson.parse(await readFile(join(folders.objects, file), 'utf8')));
    if (toObjectFile(folders, record.key) !== join(folders.objects, file)) throw new StoredJsonError('wrong file name');
    return record;
  });
  const uploadIds = await readdir(folders.uploads);
  const uploads = await readAll(uploadIds, async (id) => await readUpload(join(folders.uploads, id), id));
  for (const damaged of [...objects.damaged, ...uploads.damaged]) log(`bucket ${name}: skipped ${damaged}`);

  const owned = new Set(objects.records.flatMap((record) => record.segments.map(({ file }) => file)));
  const content: BucketContent = { objects: objects.records, uploads: [] };
  const open: Upload[] = [];
  for (const upload of uploads.records) {
    // The object is written before its upload is removed, so an upload whose parts an object owns was completed.
    const isCompleted = [...upload.parts.values()].some(({ file }) => owned.has(file));
    if (isCompleted) await rm(toUploadFolder(folders, upload.record.id), { recursive: true, force: true });
    else open.push(upload);
  }
  // Something unreadable may still name a file, so nothing is deleted then.
  if (objects.damaged.length + uploads.damaged.length === 0) await deleteOrphans(folders.data, content.objects, open);
  return new Bucket({ name, createdMs, folders, content: { ...content, uploads: open } });
}

async function readUpload(folder: string, id: string): Promise<Upload | null> {
  const files = await readdir(folder);
  // The folder is made before the record: without one the upload was never answered.
  if (!files.includes('upload.json')) {
    await rm(folder, { recursive: true, force: true });
    return null;
  }
  const record = parseUploadRecord(StoredJson.parse(await readFile(join(folder, 'upload.json'), 'utf8')));
  if (record.id !== id) throw new StoredJsonError('wrong folder name');
  const upload: Upload = { record, parts: new Map() };
  for (const file of files.filter((name) => name.startsWith('part-'))) {
    const part = parsePartRecord(StoredJson.parse(await readFile(join(folder, file), 'utf8')));
    upload.parts.set(part.partNumber, part);
  }
  return upload;
}

async function readAll<T>(
  names: readonly string[],
  read: (name: string) => Promise<T | null>,
): Promise<{ records: T[]; damaged: string[] }> {
  const records: T[] = [];
  const damaged: string[] = [];
  const queue = names.values();
  const reader = async (): Promise<void> => {
    for (const name of queue) {
      try {
        const record = await read(name);
        if (record !== null) records.push(record);
      } catch (error) {
        if (!(error instanceof StoredJsonError)) throw error;
        damaged.push(`${name}: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, reader));
  return { records, damaged };
}

async function deleteOrphans(
  folder: string,
  objects: readonly ObjectRecord[],
  uploads: readonly Upload[],
): Promise<void> {
  const named = new Set([
    ...objects.flatMap((record) => record.segments.map(({ file }) => file)),
    ...uploads.flatMap((upload) => [...upload.parts.values()].map(({ file }) => file)),
  ]);
  const orphans = (await readdir(folder)).filter((file) => !named.has(file));
  for (const file of orphans) await rm(join(folder, file), { force: true });
}
