import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Makes the names in a folder survive a power cut: a rename is only durable once its folder was synced. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Streams chunks into a new file of `folder` and syncs it. Nothing is left behind when the chunks throw.
 * @returns the generated file name
 */
export async function writeStreamedFile(folder: string, chunks: AsyncIterable<Buffer>): Promise<string> {
  const file = randomUUID();
  const path = join(folder, file);
  const handle = await open(path, 'wx');
  try {
    for await (const chunk of chunks) await writeWhole(handle, chunk);
    await handle.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return file;
}

/** Replaces a file's content so that a reader, or a restart after a crash, sees the old one or the new one and nothing between. */
export async function replaceFile(path: string, temporaryFolder: string, text: string): Promise<void> {
  const temporary = join(temporaryFolder, randomUUID());
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

async function writeWhole(handle: Awaited<ReturnType<typeof open>>, chunk: Buffer): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, offset);
    offset += bytesWritten;
  }
}
